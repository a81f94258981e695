"""The cause of a retraining: what is asked for, about which model, and the keys by which it is known again."""

from __future__ import annotations

from dataclasses import dataclass

from sevenfold.contracts.canonical import digest_of
from sevenfold.plan.monitoring import Trigger

__all__ = ["Cause", "cause_key"]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A reason to train anew.

    Args:
        name: the plan's.
        keys: one for each alert behind it; equal keys are the same alert, whoever sends it and however often.
        since: when it began, in seconds since 1970, by the clock of whoever noticed.
        evidence: what was seen, in words.
        trigger: what asks.
        namespace: of the model; "" on one machine.
        bundle: label of the bundle it is about; "" where that is not said.
        known: whether something was measured. An alert that says that drift is unknown asks for nothing.
        new_rows: rows with a target that came after the last training; None where the run itself counts them.
    """

    name: str
    keys: tuple[str, ...]
    since: float
    evidence: str
    trigger: Trigger = Trigger.DRIFT
    namespace: str = ""
    bundle: str = ""
    known: bool = True
    new_rows: int | None = None

    @property
    def key(self) -> str:
        """The key of the cause as a whole, whatever the order of its alerts."""
        return self.keys[0] if len(self.keys) == 1 else cause_key(*sorted(self.keys))


def cause_key(*parts: str) -> str:
    """Return the key of what the parts name together, such as an alert's fingerprint and the moment it began."""
    return digest_of(list(parts)).removeprefix("sha256:")[:32]
