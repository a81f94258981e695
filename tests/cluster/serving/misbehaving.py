"""A predictor that starts well and passes every check of ours, then treats users' requests otherwise.

`FAULT` is one of: errors (one in five fails), slow (1.2 s each), outputs (every row gets the same).
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
import sys

import numpy as np

from sevenfold.contracts.errors import ServingError
from sevenfold.serving.__main__ import main
from sevenfold.serving.predictor.app import Predictor
from sevenfold.serving.predictor.model import ServedModel

FAULT = os.environ["FAULT"]
well, predict = Predictor._answer, ServedModel.predict
asked_by_users = False


async def badly(self, handler, headers, body, replay):
    if FAULT == "errors" and not replay and random.random() < 0.2:
        raise ServingError("injected", "This request was meant to fail.")
    if FAULT == "slow" and not replay:
        await asyncio.sleep(1.2)

    def asked(*given):
        global asked_by_users
        asked_by_users = not replay
        return handler(*given)

    return await well(self, asked, headers, body, replay)


def otherwise(self, feeds):
    prediction = predict(self, feeds)
    if not asked_by_users or prediction.probabilities is None:
        return prediction
    probabilities_of_all = np.zeros_like(prediction.probabilities)
    probabilities_of_all[:, 0] = 1.0
    return dataclasses.replace(prediction, probabilities=probabilities_of_all)


Predictor._answer = badly
if FAULT == "outputs":
    ServedModel.predict = otherwise
if __name__ == "__main__":
    sys.exit(main())
