"""The part of tuning's report that shows which settings mattered, and where the good ones lie."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from sevenfold.plan.tuning import Dimension
from sevenfold.report import Chart
from sevenfold.report.charts import bars, lines, scatter
from sevenfold.tuning.importance import MIN_TRIALS, importances
from sevenfold.tuning.study import Study

__all__ = ["STATES", "condition_of", "end_of", "setting_charts", "shown"]

STATES: Final = {"complete": "complete", "pruned": "stopped early", "failed": "failed"}
MAX_PANELS: Final = 6  # settings with a plot of their own


def setting_charts(study: Study, metric: str) -> list[Chart]:
    """Return what each setting explains, where the good values lie, and a plot of each of the first settings."""
    weights = importances(study.trials, study.space)
    order = [*weights, *(name for name in study.space if name not in weights)]
    charts = [_importance(weights, metric)] if weights else []
    charts += _parallel(study, metric, order)
    return charts + [_panel(study, metric, name) for name in order[:MAX_PANELS]]


def _importance(weights: Mapping[str, float], metric: str) -> Chart:
    rows = [{"setting": name, "share": share} for name, share in weights.items()]
    return bars(
        "What mattered",
        rows,
        "setting",
        "share",
        value_title=f"share of the differences in {metric}",
        percent=True,
        domain=(0, 1),
        caption=f"What each setting explains alone, chance taken off; shown from {MIN_TRIALS} trials on.",
        alt=f"The setting that mattered most is {rows[0]['setting']}.",
    )


def _parallel(study: Study, metric: str, order: list[str]) -> list[Chart]:
    """One line per trial across the settings, each scaled to its own range; colours are thirds by score."""
    scored = sorted((t for t in study.trials if t.score is not None), key=lambda t: t.score or 0.0)
    if len(order) < 2 or len(scored) < MIN_TRIALS:
        return []
    if study.direction == "maximize":
        scored.reverse()
    thirds = ("best third", "middle third", "worst third")
    # One line per third, not per trial: the mean position on each axis with the span of its trials.
    points: list[dict[str, Any]] = []
    for index, name in enumerate(thirds):
        part = scored[index * len(scored) // 3 : (index + 1) * len(scored) // 3]
        for setting in order:
            having = [trial for trial in part if setting in trial.params]
            positions = sorted(_position(study.space[setting], trial.params[setting]) for trial in having)
            if not positions:  # of a setting with a condition that holds in none of them
                continue
            span = {"low": positions[0], "high": positions[-1]}
            points.append({"setting": setting, "position": sum(positions) / len(positions), "third": name, **span})
    return [
        lines(
            "Where the good settings lie",
            points,
            "setting",
            "position",
            "third",
            y_title="low end to high end",
            low="low",
            high="high",
            y_domain=(0, 1),
            y_percent=True,
            marked=True,
            caption=f"Trials in three parts by {metric}: mean and span on each setting's own range.",
            wide=True,
        )
    ]


def _panel(study: Study, metric: str, name: str) -> Chart:
    dimension = study.space[name]
    scored = [trial for trial in study.trials if trial.score is not None and name in trial.params]
    if dimension.choices is not None:
        scored.sort(key=lambda trial: int(trial.params[name]))
    points = [
        {
            "value": shown(trial.settings[name]) if dimension.choices is not None else trial.settings[name],
            "score": trial.score,
            "state": STATES[trial.state],
        }
        for trial in scored
    ]
    return scatter(
        f"{metric} by {name}",
        points,
        "value",
        "score",
        "state",
        x_title=name,
        y_title=metric,
        x_log=dimension.log,
        height=160,
        caption=f"Trials {condition}." if (condition := condition_of(dimension)) else "",
    )


def _position(dimension: Dimension, param: Any) -> float:
    """Return where a value lies between the ends of its range, 0 to 1."""
    if dimension.choices is not None:
        return float(param) / max(1, len(dimension.choices) - 1)
    low, high = dimension.low or 0.0, dimension.high or 1.0
    if dimension.log:
        return (math.log(param) - math.log(low)) / (math.log(high) - math.log(low))
    return (float(param) - low) / (high - low)


def end_of(dimension: Dimension, value: Any) -> str:
    """Return at which end of its range a value lies, ``lower`` or ``upper``; empty in between."""
    if dimension.choices is not None or value is None or dimension.integer:
        return ""
    position = _position(dimension, value)
    return "lower" if position < 0.02 else "upper" if position > 0.98 else ""


def condition_of(dimension: Dimension) -> str:
    """Return in words when a setting exists, as in ``where optimizer is sgd or adam``; empty for always."""
    parts = [f"{other} is {' or '.join(map(shown, values))}" for other, values in dimension.when.items()]
    return f"where {' and '.join(parts)}" if parts else ""


def shown(value: Any) -> str:
    """Return a setting's value as a page shows it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)
