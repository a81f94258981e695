"""A trial where Ray runs it: a fit in a thread, which hands over the score of an epoch when it is asked for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from typing import Any

from sevenfold.tuning.study import Direction, Objective, Outcome

__all__ = ["Fit", "Result"]

Result = dict[str, Any]


class Fit:
    """A fit that goes on epoch by epoch: it waits after each until `step` asks for the next.

    Args:
        objective: fits and scores.
        settings: of the trial.
        direction: whether a larger or a smaller score is better.
        best: score that the predictions are worth sending for; None sends them with every score.
    """

    def __init__(
        self, objective: Objective, settings: Mapping[str, Any], direction: Direction, best: float | None
    ) -> None:
        self._objective, self._settings, self._direction, self._best = objective, settings, direction, best
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._waiting = self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self) -> Result:
        """Return the next result: ``epoch, score``; at the end ``done`` and ``failure``, or what an `Outcome` holds."""
        if self._waiting:
            self._answers.put(True)
        result = self._results.get()
        self._waiting = not result.get("done")
        return result

    def stop(self) -> None:
        """End the fit after the epoch that it is in, and wait for it."""
        self._stopped = True
        self._answers.put(False)
        self._thread.join()

    def _on_epoch(self, epoch: int, score: float) -> bool:
        if self._stopped:
            return False
        self._results.put({"epoch": epoch, "score": float(score)})
        return self._answers.get()

    def _run(self) -> None:
        try:
            outcome = Outcome.of(self._objective(self._settings, self._on_epoch))
            predicted = None if self._stopped else outcome.worth_sending(self._direction, self._best)
            given = {"score": outcome.score, "latency_ms": outcome.latency_ms, "predicted": predicted}
            self._results.put({"done": True, **given})
        except BaseException as error:  # a thread that ends without a result would leave `step` waiting for ever
            self._results.put({"done": True, "failure": f"{type(error).__name__}: {error}"})
