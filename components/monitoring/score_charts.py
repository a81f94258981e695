"""Charts of the scores over time by labels that came back: the panels of Grafana's dashboard of one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.errors import IntegrityError
from sevenfold.monitoring.score_history import ScoreHistory, ScorePoint
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Chart, Fact, Facts
from sevenfold.report import charts as draw
from sevenfold.report.format_value import format_score
from sevenfold.report.model import Block

__all__ = ["score_blocks", "score_charts"]

SILENT_SLOTS: Final = 3.0  # without a point, after which nobody knows
DRAWN: Final = 400  # points and breaks, the newest: of more a chart leaves some out, and breaks among them
MARKED: Final = 60  # points at most that are drawn one by one
NAMES: Final = {"roc_auc": "ROC AUC", "brier": "Brier score", "rmse": "RMSE", "mae": "MAE"}
RECALL: Final = "Recall by class, by labels that came back"


@dataclass(frozen=True)
class _Panel:
    """A chart, its scores in the order of their lines, and what it says of them; shares are written as percent."""

    title: str
    scores: tuple[str, ...]
    caption: str
    percent: bool = False


_PANELS: Final = (
    _Panel(
        "Score by labels that came back",
        ("accuracy", "balanced_accuracy", "roc_auc"),
        "How many rows with a label were predicted right, the mean of that over the classes, and the area under the "
        "ROC curve, from bins.",
        percent=True,
    ),
    _Panel(
        "Probabilities by labels that came back",
        ("log_loss", "brier"),
        "Log loss and Brier score of the rows with a label: the smaller, the better.",
    ),
    _Panel(
        "Error by labels that came back",
        ("rmse", "mae"),
        "RMSE and mean absolute error of the rows with a label, in the target's unit.",
    ),
)
_RECALL: Final = _Panel(RECALL, (), "Share of the rows of each true class that were predicted as it.", percent=True)


def score_blocks(path: Path, bundle: str, section: MonitoringSection, *, now: float) -> list[Block]:
    """Return what the page of a loop shows of labels: that the scores are unknown, where they are, and charts.

    Args:
        path: of the `ScoreHistory`; it need not be there.
        bundle: label of the serving model.
        section: length of the window.
        now: seconds since 1970.
    """
    try:
        history = ScoreHistory(path, section.feedback_hours)
    except IntegrityError as error:
        return [_unknown(f"{path.name} cannot be read: {error}")]
    newest = history.points[-1] if history.points else None
    silence = SILENT_SLOTS * history.slot_seconds
    why = ""
    if newest is None or newest.bundle != bundle:
        why = "no label about the serving model came back; watch --feedback opens a port for them"
    elif now - newest.moment > silence:
        why = f"nobody has looked at labels since {_moment(newest.moment):%Y-%m-%d %H:%M} UTC"
    elif not newest.scores:
        why = f"no label came back within {section.feedback_hours} hours"
    return [*([_unknown(why)] if why else []), *score_charts(history.points, silence, section)]


def score_charts(points: Sequence[ScorePoint], silence: float, section: MonitoringSection) -> list[Chart]:
    """Return a chart for each group of scores of which there is one; `silence` in seconds breaks a line."""
    broken = list(_broken(points, silence))[-DRAWN:]
    charts = [_chart(panel, broken, section, panel.scores) for panel in _PANELS]
    classes = list(dict.fromkeys(name for point in points for name in point.recalls))
    recalls = [point.model_copy(update={"scores": point.recalls}) for point in broken]
    charts.append(_chart(_RECALL, recalls, section, classes))
    return [chart for chart in charts if chart is not None]


def _broken(points: Sequence[ScorePoint], silence: float) -> Iterator[ScorePoint]:
    """Yield the points, and between two of them one without scores where nobody knows or another model took over."""
    before: ScorePoint | None = None
    for point in points:
        if before is not None and (point.bundle != before.bundle or point.moment - before.moment > silence):
            middle = (before.moment + point.moment) / 2
            yield ScorePoint(moment=middle, bundle=point.bundle, rows=0.0, scores={})
        yield point
        before = point


def _chart(
    panel: _Panel, points: Sequence[ScorePoint], section: MonitoringSection, names: Sequence[str]
) -> Chart | None:
    shown = [name for name in names if any(name in point.scores for point in points)]
    if not shown:
        return None
    called = {name: name if panel is _RECALL else NAMES.get(name, name.replace("_", " ")) for name in shown}
    rows: list[Mapping[str, Any]] = [
        {"when": _moment(point.moment), "score": point.scores.get(name), "name": called[name]}
        for name in shown
        for point in points
    ]
    last = {name: next(point.scores[name] for point in reversed(points) if name in point.scores) for name in shown}
    told = ", ".join(f"{called[name]} {format_score(value)}" for name, value in last.items())
    return draw.lines(
        panel.title,
        rows,
        "when",
        "score",
        "name",
        y_percent=panel.percent,
        marked=len(points) <= MARKED,
        caption=f"{panel.caption} Each point is of the {section.feedback_hours} hours before it (UTC). A line breaks "
        "where nothing is known, and where another model took over.",
        alt=f"{panel.title} over time; last known: {told}.",
    )


def _unknown(why: str) -> Facts:
    return Facts(facts=(Fact(label="Scores by labels", value="unknown", hint=why, level="info"),))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
