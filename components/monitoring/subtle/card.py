"""The card of subtle drift in a report: what was compared and what follows, in words."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import asdict
from typing import Any, Final

from sevenfold.drift.verdict import WindowDrift
from sevenfold.monitoring.subtle.rows import Check, RowComparer, RowDrift, drifted_since
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Finding, Findings, Report, Table
from sevenfold.report.model import Block

__all__ = ["row_record", "with_card"]

FAR: Final = 0.75  # AUC from which rows lie too far from the labelled ones for an estimate to be trusted
DISCLAIMER: Final = "Whether the same features still mean the same outcome, it cannot know: only labels show that."


def with_card(
    report: Report, windows: Sequence[RowDrift], comparer: RowComparer, judged: Sequence[WindowDrift]
) -> Report:
    """Return a monitoring report with the comparison of rows as a whole after its figures.

    Args:
        report: of the same windows.
        windows: as compared, in time order.
        comparer: what compared them.
        judged: the same windows, feature by feature.
    """
    moved = {one.feature for window in judged for one in window.features if one.drifted and not one.predicted}
    since = drifted_since(windows, comparer.section)
    findings = [_separated(windows, since, moved, comparer.section), *_scores(windows, comparer)]
    first, *rest = report.blocks
    card: list[Block] = [Findings(findings=tuple(findings)), _table(windows)]
    whole = "Taken as a whole, the rows differ from the training rows."
    quiet = report.headline.replace("No drift: ", "Feature by feature, ", 1)
    headline = f"{quiet} {whole}" if since else report.headline
    return report.model_copy(
        update={
            "blocks": (first, *card, *rest),
            "headline": headline,
            "level": "warning" if since and report.level != "bad" else report.level,
        }
    )


def row_record(windows: Sequence[RowDrift], comparer: RowComparer) -> dict[str, Any]:
    """Return what was compared for `drift.json`."""
    return {
        "drifted_since": drifted_since(windows, comparer.section),
        "windows": [asdict(window) for window in windows],
        "check": asdict(comparer.check) if comparer.check else None,
        "unknown": comparer.unknown,
    }


def _separated(windows: Sequence[RowDrift], since: str, moved: Set[str], section: MonitoringSection) -> Finding:
    judged = [(window, window.separation) for window in windows if window.separation is not None]
    if not judged:
        return Finding(
            level="info", text=f"Rows as a whole: not compared, since a window needs {section.min_rows} rows."
        )
    window, worst = max(judged, key=lambda one: (one[1].drifted, one[1].auc))
    measured = (
        f"of two rows, one of training and one of {window.label}, a classifier names the newer in "
        f"{worst.auc * 100:.0f} of 100 cases ({worst.low * 100:.0f} to {worst.high * 100:.0f}; 50 is chance), "
        f"and its index is {worst.index:.2f} (0 is chance)"
    )
    if not since:
        some = " One window is no alarm." if worst.drifted else ""
        return Finding(level="good", text=f"Rows as a whole are like the training rows: {measured}.{some}")
    by = ", ".join(name for name, _ in worst.features)
    alone = [name for name, _ in worst.features if name in moved]
    how = "" if alone else " None of them moved by itself, so it is how they go together that has changed."
    return Finding(
        level="warning",
        text=f"Rows as a whole differ from the training rows, first in {since}: {measured}. It goes by {by}.{how}",
    )


def _scores(windows: Sequence[RowDrift], comparer: RowComparer) -> list[Finding]:
    if comparer.check is None:
        return [Finding(level="info", text=f"Accuracy without labels is not estimated. {comparer.unknown}")]
    judged = [window for window in windows if window.scores]
    if not judged:
        return []
    last = judged[-1]
    expected = last.scores["accuracy"]
    sentences = [
        f"Without labels, {expected.value:.1%} of the predictions for {last.label} are expected to be right "
        f"({expected.low:.1%} to {expected.high:.1%}).",
        _trial(comparer.check),
    ]
    far = last.separation is not None and last.separation.auc >= FAR
    if far:
        sentences.append("These rows are so unlike the training rows that the estimate is not to be trusted.")
    fell = expected.high < comparer.check.accuracy - comparer.section.share
    wrong = far or fell or not comparer.check.holds
    return [Finding(level="warning" if wrong else "info", text=" ".join([*sentences, DISCLAIMER]))]


def _trial(check: Check) -> str:
    compared = (
        f"On the {check.rows:,} labelled test rows it expected {check.estimate.value:.1%}, "
        f"and {check.accuracy:.1%} were right"
    )
    return f"{compared}." if check.holds else f"{compared}: it is not to be trusted."


def _table(windows: Sequence[RowDrift]) -> Table:
    rows = []
    for window in windows:
        apart, accuracy, area = window.separation, window.scores.get("accuracy"), window.scores.get("roc_auc")
        rows.append(
            (
                window.label,
                window.rows,
                None if apart is None else f"{apart.auc:.3f} ({apart.low:.3f} to {apart.high:.3f})",
                None if apart is None else round(apart.index, 3),
                "" if apart is None else ", ".join(f"{name} {lost:.3f}" for name, lost in apart.features),
                None if accuracy is None else f"{accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%})",
                None if area is None else f"{area.value:.3f} ({area.low:.3f} to {area.high:.3f})",
            )
        )
    return Table(
        title="Rows as a whole",
        columns=("window", "rows", "told apart (AUC)", "index", "by", "expected accuracy", "expected ROC AUC"),
        rows=tuple(rows),
        levels=tuple("warning" if one.separation and one.separation.drifted else None for one in windows),
        caption="Told apart: how often a classifier names the newer of two rows, one of training and one of a window; "
        "0.5 is chance. Index: how much surer it is of a window's rows, in log odds; it shows what few rows show. "
        "By: the features it needs, and what of the AUC is lost without each. Intervals hold in 95 % of the cases.",
    )
