"""The labels that came back of late, on one machine: kept in a file, so that the next process goes on with them.

A predictor counts labels since it started; what it counted between two looks is a part, and the parts of the last
`feedback_hours` are the window. Prometheus does the same on a cluster.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.versioned import read_versioned, write_versioned
from sevenfold.drift.concept import Labelled
from sevenfold.monitoring.live_labels import LiveLabels, labels_judged
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["LabelWindow", "Standing"]

PARTS: Final = 240  # of a window at most: it slides by so much of its length
FORMAT: Final = 1
Standing = Literal["", "stable", "drifted", "unknown"]


class _Sums(BaseModel):
    """Scored rows since `moment`: right ones, or sums of powers of their errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    moment: float
    rows: float = 0.0
    correct: float | None = None
    squared: float | None = None
    fourth: float | None = None

    def plus(self, other: _Sums, sign: float = 1.0) -> _Sums:
        """Return both together, from this one's moment on."""

        def total(one: float | None, two: float | None) -> float | None:
            return one if two is None else (one or 0.0) + sign * two

        return _Sums(
            moment=self.moment,
            rows=self.rows + sign * other.rows,
            correct=total(self.correct, other.correct),
            squared=total(self.squared, other.squared),
            fourth=total(self.fourth, other.fourth),
        )


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = FORMAT
    bundle: str = ""
    opened: float = 0.0  # when the first look found the port open
    process: str = ""
    seen: _Sums = _Sums(moment=0.0)  # what that process had counted at the last look
    parts: tuple[_Sums, ...] = ()
    standing: Standing = ""
    since: float = 0.0  # of the standing, by the machine's clock


class LabelWindow:
    """The labels about one plan's serving model.

    Args:
        path: the file; it need not be there. One process at a time may use it.
        section: length of the window, and the limits.

    Raises:
        IntegrityError: ``unknown_format`` for a file of a newer format, or of none.
    """

    def __init__(self, path: Path, section: MonitoringSection) -> None:
        self._path, self._section = path, section
        self._kept = read_versioned(path, _Kept, FORMAT) if path.is_file() else _Kept()

    @property
    def standing(self) -> tuple[Standing, float]:
        """What the last judgement found, and since when, in seconds since 1970; "" before the first label."""
        return self._kept.standing, self._kept.since

    def take(self, counted: Labelled, *, process: str, bundle: str, now: float) -> None:
        """Add what a predictor counted since the last look, and put it on disk.

        Args:
            counted: by the predictor, since it started.
            process: which one it is; another one began to count at 0.
            bundle: its label; labels about another bundle are forgotten.
            now: seconds that never run backwards.

        Raises:
            OSError: it cannot be kept; the next look takes it again.
        """
        kept = self._kept if self._kept.bundle == bundle else _Kept(bundle=bundle, opened=now)
        totals = _Sums(
            moment=now, rows=counted.rows, correct=counted.correct, squared=counted.squared, fourth=counted.fourth
        )
        part = totals.plus(kept.seen, -1.0) if kept.process == process else totals
        parts = [one for one in kept.parts if now - one.moment < self._seconds]
        if parts and now - parts[-1].moment < self._seconds / PARTS:
            parts[-1] = parts[-1].plus(part)
        elif part.rows > 0:
            parts.append(part)
        changed = kept.model_copy(update={"process": process, "seen": totals, "parts": tuple(parts)})
        if part.rows > 0 or kept.process != process:
            write_versioned(self._path, changed)
        self._kept = changed

    def judge(self, bundle: Bundle, label: str, *, now: float, wall: float) -> LiveLabels | None:
        """Judge the window, and note since when it stands as it does; None where no label of this bundle ever came.

        A window that says nothing is unknown once the port has been open for the length of a window.

        Args:
            bundle: the serving one.
            label: of it.
            now: seconds that never run backwards.
            wall: seconds since 1970.

        Raises:
            OSError: the standing cannot be kept.
        """
        kept = self._kept
        if kept.bundle != label:
            return None
        total = _Sums(moment=now)
        for part in kept.parts:
            total = total.plus(part) if now - part.moment < self._seconds else total
        window = Labelled(total.rows, correct=total.correct, squared=total.squared, fourth=total.fourth)
        live = labels_judged(window, bundle, self._section)
        standing = self._standing(live, now - kept.opened)
        if standing != kept.standing:
            changed = kept.model_copy(update={"standing": standing, "since": wall})
            write_versioned(self._path, changed)
            self._kept = changed
        return live

    def _standing(self, live: LiveLabels, open_seconds: float) -> Standing:
        if live.verdict.drifted is None:
            return "unknown" if open_seconds >= self._seconds else ""
        return "drifted" if live.verdict.drifted else "stable"

    @property
    def _seconds(self) -> float:
        return self._section.feedback_hours * 3_600.0
