"""What the labels of a watched model say: in words, as a cause, and on the page of the loop."""

from __future__ import annotations

from sevenfold.monitoring.live_labels import LiveLabels, label_finding
from sevenfold.monitoring.retrain.cause import Cause, cause_key
from sevenfold.monitoring.retrain.label_window import LabelWindow
from sevenfold.plan.monitoring import MonitoringSection
from sevenfold.report import Findings, Report
from sevenfold.report.format_value import format_score

__all__ = ["drift_key", "labels_noted", "labels_sentence", "with_labels"]


def labels_sentence(live: LiveLabels, section: MonitoringSection) -> str:
    """Return in words what the labels of a window say."""
    if live.verdict.drifted is None:
        seen = f"{live.rows:,} labels came back within {section.feedback_hours} hours"
        return f"{seen}, and a verdict needs {section.min_rows:,} and a score to compare with"
    now, before = format_score(live.verdict.score), format_score(live.before)
    compared = f"by {live.rows:,} labels of {section.feedback_hours} hours {live.metric} is {now}"
    return f"{compared}, and was {before} on the validation rows"


def drift_key(label: str, window: LabelWindow) -> str:
    """Return the key of concept drift of a bundle, the same for as long as it lasts."""
    return cause_key(label, "labels", str(window.standing[1]))


def labels_noted(name: str, label: str, window: LabelWindow, live: LiveLabels, section: MonitoringSection) -> Cause:
    """Return how a window stands as a cause to put on record, the same one until that changes.

    Labels that stay away measured nothing, so that no run starts from them.
    """
    standing, moment = window.standing
    return Cause(
        name=name,
        keys=(cause_key(label, "labels noted", str(moment)),),
        since=moment,
        evidence=labels_sentence(live, section),
        bundle=label,
        known=standing != "unknown",
    )


def with_labels(report: Report, live: LiveLabels | None, section: MonitoringSection) -> Report:
    """Return the page of a loop with what labels call for attention to, first."""
    finding = None if live is None else label_finding(live, section)
    if finding is None:
        return report
    level = "warning" if finding.level == "warning" and report.level != "bad" else report.level
    return report.model_copy(update={"blocks": (Findings(findings=(finding,)), *report.blocks), "level": level})
