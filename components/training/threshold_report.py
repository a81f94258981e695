"""The part of training's report about the threshold of a binary model: what it is, why, and what others would do."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.threshold import DEFAULT_THRESHOLD
from sevenfold.report.charts import Limit, lines
from sevenfold.report.model import Block, Chart, Finding, Findings, Table
from sevenfold.scoring.cuts import Cuts
from sevenfold.scoring.threshold import ChosenThreshold

__all__ = ["threshold_blocks"]

POINTS: Final = 100  # of the curve, spread over the rows, and as many over the thresholds
APART: Final = 0.2  # of the axis: the names of closer lines cover each other
SHOWN: Final = {"costs": ("costs",), "f1": ("f1", "recall", "precision")}
COST: Final = "cost per row"


def threshold_blocks(chosen: ChosenThreshold | None) -> list[Block]:
    """Return the reason, the curve around the threshold and what other thresholds reach; none for other tasks.

    All figures are of the validation rows. Nothing is shown of rows that allow no choice.
    """
    if chosen is None:
        return []
    text = f"Positive from a probability of {chosen.value:.4g} on. {chosen.choice.sentence}"
    level = "info" if chosen.choice.score is not None or chosen.choice.by == "plan" else "warning"
    blocks: list[Block] = [Findings(findings=(Finding(level=level, text=text),))]
    if not len(chosen.cuts) or not 0 < chosen.cuts.positives < chosen.cuts.rows:
        return blocks
    return [*blocks, _curve(chosen), _others(chosen)]


def _curve(chosen: ChosenThreshold) -> Chart:
    cuts, names = chosen.cuts, _names(chosen)
    shown = _spread(cuts)
    points: list[dict[str, Any]] = []
    for name in names:
        values = cuts.measured(name, chosen.rule.costs)
        points += [
            {"threshold": cuts.threshold(int(cut)), "value": float(values[cut]), "measure": _title(name)}
            for cut in shown
        ]
    limits = [Limit(value=chosen.value, label="threshold", on="x", level="info")]
    calibrated = chosen.choice.calibrated
    if calibrated is not None and abs(calibrated - chosen.value) > APART * (cuts.above[-1] - cuts.below[0]):
        limits.append(Limit(value=calibrated, label="if calibrated", on="x", level="info"))
    return lines(
        "Threshold",
        points,
        "threshold",
        "value",
        "measure" if len(names) > 1 else None,
        x_title="probability from which a row is positive",
        y_title=_title(names[0]) if len(names) == 1 else "on the validation rows",
        limits=limits,
        caption="On the validation rows; the test rows had no say in it.",
        alt=f"{', '.join(map(_title, names))} by threshold; {chosen.value:.4g} is taken.",
    )


def _spread(cuts: Cuts) -> NDArray[np.int64]:
    """Return some cuts: evenly over the rows, which crowd at one end, and evenly over the thresholds."""
    by_rows = np.linspace(0, len(cuts) - 1, POINTS).round().astype(np.int64)
    values = np.linspace(cuts.above[0], cuts.above[-1], POINTS)
    by_value = np.minimum(np.searchsorted(cuts.above, values), len(cuts) - 1)
    return np.unique(np.concatenate([by_rows, by_value]))


def _others(chosen: ChosenThreshold) -> Table:
    candidates = [("taken", chosen.value)]
    if chosen.choice.calibrated is not None:
        candidates.append(("best if the probabilities were exact", chosen.choice.calibrated))
    if DEFAULT_THRESHOLD not in (value for _, value in candidates):
        candidates.append(("usual", DEFAULT_THRESHOLD))
    names = list(dict.fromkeys([*_names(chosen), "recall", "precision"]))
    rows = [(label, _short(value), *(_at(chosen, name, value) for name in names)) for label, value in candidates]
    if chosen.rule.costs is not None:
        rows += [("always no", None, *_constant(chosen, names, yes=False))]
        rows += [("always yes", None, *_constant(chosen, names, yes=True))]
    return Table(
        title="Thresholds compared",
        columns=("", "threshold", *map(_title, names)),
        rows=tuple(rows),
        caption="On the validation rows.",
    )


def _names(chosen: ChosenThreshold) -> tuple[str, ...]:
    by = "f1" if chosen.choice.by == "plan" else chosen.choice.by
    return SHOWN.get(by, (by, "recall", "precision"))


def _title(name: str) -> str:
    return COST if name == "costs" else name


def _at(chosen: ChosenThreshold, name: str, threshold: float) -> float | None:
    """Return a measure at any threshold: that of the first cut whose upper neighbour it does not exceed."""
    cuts = chosen.cuts
    cut = int(np.searchsorted(cuts.above, np.float32(threshold)))
    if threshold <= cuts.below[0]:
        return _constant(chosen, [name], yes=True)[0]
    if cut == len(cuts):
        return _constant(chosen, [name], yes=False)[0]
    return _short(float(cuts.measured(name, chosen.rule.costs)[cut]))


def _constant(chosen: ChosenThreshold, names: list[str], *, yes: bool) -> list[float | None]:
    """Return measures of a decision that is the same for all rows."""
    rows, positives, costs = chosen.cuts.rows, chosen.cuts.positives, chosen.rule.costs
    share = positives / rows
    known: dict[str, float] = {
        "recall": float(yes),
        "precision": share if yes else 0.0,
        "f1": 2 * share / (1 + share) if yes else 0.0,
        "accuracy": share if yes else 1 - share,
        "balanced_accuracy": 0.5,
    }
    if costs is not None:
        of_positive = costs.true_positive if yes else costs.false_negative
        known["costs"] = share * of_positive + (1 - share) * (costs.false_positive if yes else costs.true_negative)
    return [_short(known[name]) for name in names]


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
