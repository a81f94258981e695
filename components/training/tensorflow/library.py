"""TensorFlow and Keras: imported quietly, and set up so that a fit repeats bit for bit."""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import numpy as np

from sevenfold.contracts.errors import MissingExtraError, TrainingError

__all__ = ["keras", "reproducible", "tensorflow", "versions"]

# Both libraries read these once, when they are imported. oneDNN sums in another order from machine to machine.
SETTINGS: Final = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "tensorflow"}


def tensorflow() -> Any:
    """Return the module tensorflow.

    Raises:
        MissingExtraError: if it is not installed.
        TrainingError: as `keras`.
    """
    return _modules()[0]


def keras() -> Any:
    """Return the module keras, with TensorFlow as its backend.

    Raises:
        MissingExtraError: if TensorFlow is not installed.
        TrainingError: ``keras_backend`` if this process uses Keras with another backend already.
    """
    return _modules()[1]


def versions() -> dict[str, str]:
    """Return the versions that a fit depends on."""
    return {"tensorflow": tensorflow().__version__, "keras": keras().__version__}


@cache
def _modules() -> tuple[Any, Any]:
    before = {name: os.environ.get(name) for name in SETTINGS}
    if "tensorflow" not in sys.modules:
        os.environ.update(SETTINGS)
    try:
        import tensorflow

        os.environ["KERAS_BACKEND"] = "tensorflow"
        import keras
    except ImportError as error:
        raise MissingExtraError("tensorflow", "tensorflow") from error
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            "keras_backend",
            f"training.framework: tensorflow needs Keras on TensorFlow, but this process has it on "
            f"{keras.backend.backend()}.",
            remedy="Run training in a process of its own, without KERAS_BACKEND.",
        )
    return tensorflow, keras


@contextmanager
def reproducible(seed: int, threads: int) -> Iterator[None]:
    """Fix what the bits of a fit depend on: seeds, threads, the order of sums. The seeds of Python and numpy return.

    TensorFlow takes its number of threads once per process, and stays with repeatable operations from then on.

    Raises:
        TrainingError: ``threads_fixed`` if TensorFlow runs with another number of threads in this process.
    """
    _set_threads(threads)
    tensorflow().config.experimental.enable_op_determinism()
    drawn, legacy = random.getstate(), np.random.get_state()
    keras().utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(drawn)
        np.random.set_state(legacy)


def _set_threads(threads: int) -> None:
    threading = tensorflow().config.threading
    if threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise TrainingError(
            "threads_fixed",
            f"TensorFlow runs with {threading.get_intra_op_parallelism_threads() or 'any number of'} threads in this "
            f"process, and cannot change to training.threads: {threads}.",
            remedy="Fit in a new process.",
        ) from error
