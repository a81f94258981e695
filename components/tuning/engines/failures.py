"""What a trial failed with, in a sentence, and the failure of a search in which none succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sevenfold.contracts.errors import TrainingError
from sevenfold.report.quantity import quantity
from sevenfold.tuning.study import FailedElsewhere
from sevenfold.tuning.trial import Trial

__all__ = ["cause_of", "none_succeeded"]

CAUSE_LIMIT: Final = 300  # characters


def cause_of(error: Exception | None) -> str:
    """Return an error as a trial records it; empty for none."""
    if error is None:
        return ""
    return (str(error) if isinstance(error, FailedElsewhere) else f"{type(error).__name__}: {error}")[:CAUSE_LIMIT]


def none_succeeded(trials: Sequence[Trial], errors: Sequence[Exception], limit_ms: float) -> TrainingError:
    """Return what to raise: ``all_trials_failed`` with the first cause, or ``too_slow`` where no model is fast enough.

    Args:
        trials: all of them.
        errors: of those that failed in this process.
        limit_ms: of latency; 0 for none.
    """
    slow = [trial for trial in trials if trial.state == "complete" and trial.latency_ms is not None]
    if limit_ms and slow:
        fastest = min(trial.latency_ms or 0.0 for trial in slow)
        return TrainingError(
            "too_slow",
            f"At least one trial must predict within tuning.latency.limit_ms: {limit_ms:g}, but the fastest of "
            f"{len(slow)} took {fastest:.3g} ms.",
            remedy="Raise the limit, or search smaller models. Finished trials are not tried again with another limit.",
        )
    cause = next((trial.cause for trial in trials if trial.state == "failed"), "every trial was pruned")
    failure = TrainingError(
        "all_trials_failed",
        f"Of {quantity(len(trials), 'trial')} at least one must succeed, but all failed; the first with: {cause}",
        remedy="Correct the cause, or narrow tuning.space.",
    )
    failure.__cause__ = errors[0] if errors else None
    return failure
