"""The alert of concept drift, and its twin for labels that stay away."""

from __future__ import annotations

from typing import Any, Final

from sevenfold.drift.concept_rules import BY, labelled_rows, recorded_name, window_minutes
from sevenfold.plan.monitoring import MonitoringSection

__all__ = ["CONCEPT_DRIFT", "concept_alerts"]

CONCEPT_DRIFT: Final = "SevenfoldConceptDrift"
PATIENCE_MINUTES: Final = 10


def concept_alerts(selector: str, section: MonitoringSection) -> list[dict[str, Any]]:
    """Return the alerting rules about labels that are fed back, for Prometheus.

    The twin fires where a predictor takes labels, and took them a window ago, and what came since gives no verdict. A
    predictor that is gone, or takes none, has no series of labels: other alerts are about that.
    """
    hours, rows = section.feedback_hours, f"sum by ({BY}) ({labelled_rows(selector)})"
    before = f"sum by ({BY}) ({labelled_rows(selector)} offset {window_minutes(section)}m)"
    drifted = f"{recorded_name('drifted')}{selector}"
    return [
        {
            "alert": CONCEPT_DRIFT,
            "expr": f"{drifted} == 1",
            "labels": {"severity": "warning"},
            "annotations": {
                "summary": "{{ $labels.model }} has become worse.",
                "description": f"The labels of the last {hours} hours show a loss of {section.feedback_loss:g} or more "
                "against the validation rows. See whether a feature drifted too: if none did, what is predicted "
                "follows other rules now. Then train anew.",
            },
        },
        {
            "alert": f"{CONCEPT_DRIFT}Unknown",
            "expr": f"({rows} and {before}) unless {drifted} >= 0",
            "for": f"{PATIENCE_MINUTES}m",
            "labels": {"severity": "warning", "twin_of": CONCEPT_DRIFT},
            "annotations": {
                "summary": "It is unknown whether {{ $labels.model }} is as good as it was.",
                "description": f"Fewer than {section.min_rows} labels came back within {hours} hours, or the bundle "
                "does not say how good it was. See whether their sender works.",
            },
        },
    ]
