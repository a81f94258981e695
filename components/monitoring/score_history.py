"""Scores over time on one machine, for a page to show: nothing is decided by them.

A predictor counts labels since it started. What it counted between two looks is a part, and the parts of the last
`feedback_hours` give one point of each score: what Prometheus's rules give at that moment from the same counters.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.versioned import read_versioned, write_versioned
from sevenfold.monitoring.label_scores import LabelCounts, recalls_of, rows_of, scores_of

__all__ = ["ScoreHistory", "ScorePoint"]

SLOTS: Final = 96  # of a window: it slides by so much of its length, and has a point for each
KEPT: Final = 384  # points: four windows, and no more than a chart draws
FORMAT: Final = 1
Entries = tuple[tuple[str, tuple[str, ...], float], ...]  # metric, its own labels, count


class ScorePoint(BaseModel):
    """What the window that ended at `moment` (seconds since 1970) shows of a bundle; no scores without rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    moment: float
    bundle: str
    rows: float
    scores: dict[str, float]
    recalls: dict[str, float] = {}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    moment: float
    counts: Entries


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: int = FORMAT
    bundle: str = ""
    process: str = ""
    seen: Entries = ()  # what that process had counted at the last look
    parts: tuple[_Part, ...] = ()
    points: tuple[ScorePoint, ...] = ()


class ScoreHistory:
    """The scores of one plan's serving models, oldest first.

    Args:
        path: the file; it need not be there. One process at a time may write it.
        hours: length of the window.

    Raises:
        IntegrityError: ``unknown_format`` for a file of a newer format, or of none.
    """

    def __init__(self, path: Path, hours: float) -> None:
        self._path, self._seconds = path, hours * 3_600.0
        self._kept = read_versioned(path, _Kept, FORMAT) if path.is_file() else _Kept()

    @property
    def points(self) -> tuple[ScorePoint, ...]:
        """A point for each part of a window in which somebody looked."""
        return self._kept.points

    @property
    def slot_seconds(self) -> float:
        """The time between two points."""
        return self._seconds / SLOTS

    def take(self, counts: LabelCounts, *, process: str, bundle: str, now: float) -> None:
        """Add what a predictor counted since the last look, and keep the scores of the window that ends now.

        Args:
            counts: by the predictor, since it started: the metrics of `label_scores.FEEDBACK`.
            process: which one it is; another one began to count at 0.
            bundle: its label; labels about another bundle are forgotten, and their scores kept.
            now: seconds since 1970.

        Raises:
            OSError: it cannot be kept; the next look takes it again.
        """
        kept = self._kept if self._kept.bundle == bundle else _Kept(bundle=bundle, points=self._kept.points)
        before = _mapping(kept.seen) if kept.process == process else {}
        risen = {key: count - before.get(key, 0.0) for key, count in _keyed(counts) if count != before.get(key, 0.0)}
        parts = [part for part in kept.parts if now - self._seconds < part.moment <= now]
        if risen and parts and self._slot(parts[-1].moment) == self._slot(now):
            parts[-1] = _Part(moment=parts[-1].moment, counts=_entries(_sum([_mapping(parts[-1].counts), risen])))
        elif risen:
            parts.append(_Part(moment=now, counts=_entries(risen)))
        nothing = dict.fromkeys((key for key, _ in _keyed(counts)), 0.0)
        window = _nested(_sum([nothing, *(_mapping(part.counts) for part in parts)]))
        point = ScorePoint(
            moment=now, bundle=bundle, rows=rows_of(window), scores=scores_of(window), recalls=recalls_of(window)
        )
        points = [one for one in kept.points if one.moment <= now]
        if points and points[-1].bundle == bundle and self._slot(points[-1].moment) == self._slot(now):
            if not risen and points[-1].rows == point.rows and kept.process == process:
                return
            points.pop()
        changed = _Kept(
            bundle=bundle,
            process=process,
            seen=_entries(dict(_keyed(counts))),
            parts=tuple(parts),
            points=(*points, point)[-KEPT:],
        )
        write_versioned(self._path, changed)
        self._kept = changed

    def _slot(self, moment: float) -> int:
        return int(moment // self.slot_seconds)


_Key = tuple[str, tuple[str, ...]]


def _keyed(counts: LabelCounts) -> list[tuple[_Key, float]]:
    return [((metric, labels), count) for metric, samples in counts.items() for labels, count in samples.items()]


def _entries(counts: dict[_Key, float]) -> Entries:
    return tuple((metric, labels, count) for (metric, labels), count in counts.items())


def _mapping(entries: Entries) -> dict[_Key, float]:
    return {(metric, labels): count for metric, labels, count in entries}


def _nested(counts: dict[_Key, float]) -> LabelCounts:
    nested: dict[str, dict[tuple[str, ...], float]] = {}
    for (metric, labels), count in counts.items():
        nested.setdefault(metric, {})[labels] = count
    return nested


def _sum(many: Iterable[dict[_Key, float]]) -> dict[_Key, float]:
    total: dict[_Key, float] = {}
    for counts in many:
        for key, count in counts.items():
            total[key] = total.get(key, 0.0) + count
    return total
