"""One feature over time against its reference: how its rows are spread, and which bins moved."""

from __future__ import annotations

from typing import Final

from sevenfold.drift import telemetry
from sevenfold.drift.promql import FEATURE
from sevenfold.monitoring.dashboards import choices
from sevenfold.monitoring.dashboards.events import EVENTS
from sevenfold.monitoring.dashboards.fleet import DRIFT_WORDS
from sevenfold.monitoring.dashboards.panel import Board, Panel, Query, Step, lines
from sevenfold.monitoring.dashboards.queries import chosen, rate

__all__ = ["ONE_FEATURE", "one_feature"]

ONE_FEATURE: Final = "sevenfold-feature"
_IT: Final = 'feature="$feature"'
_SHARE: Final = chosen(FEATURE.name("bin_share"), _IT)
_REFERENCE: Final = chosen(FEATURE.name("reference_bin_share"), _IT)


def one_feature(name: str = "") -> Board:
    """Return the dashboard of one feature of one model; it opens on the model `name`, or on the first for ""."""
    return Board(
        uid=ONE_FEATURE,
        title="Sevenfold: one feature",
        description="How one feature is spread, over time and against the training rows.",
        variables=(choices.NAMESPACE, choices.one_model(name), choices.FEATURE),
        annotations=EVENTS,
        panels=(*_drift(), *_bins(), *_rows()),
    )


def _of_version(what: str) -> tuple[str, str]:
    return f"max by (bundle) ({chosen(FEATURE.name(what), _IT)})", "{{bundle}}"


def _drift() -> tuple[Panel, ...]:
    drifted, legend = _of_version("drifted")
    return (
        lines(
            "Drift (PSI)",
            "Population stability index of the last window against the training rows, its expectation "
            "without drift taken off. 0.1 and more is large. A gap means too few rows, or nothing scraped.",
            "none",
            _of_version("psi"),
            minimum=None,
            steps=(Step("transparent"), Step("red", 0.1)),
        ),
        lines(
            "Largest moved share",
            "By how much the share of the bin that moved most differs from training. 5 points and more is large.",
            "percentunit",
            _of_version("moved_share"),
            steps=(Step("transparent"), Step("red", 0.05)),
        ),
        Panel(
            title="Drifted",
            description="Whether the feature drifted in the window that ended then: by size, and by more than chance. "
            "Two of three windows raise the alert. A gap means that nobody knows.",
            unit="none",
            queries=(Query(expression=drifted, legend=legend),),
            kind="status-history",
            width=24,
            height=5,
            words=DRIFT_WORDS,
            interval="15m",
        ),
    )


def _bins() -> tuple[Panel, ...]:
    return (
        Panel(
            title="Bins now and in training",
            description="Share of the rows in each bin: in the last window, and in training.",
            unit="percentunit",
            queries=(
                Query(expression=f"avg by (bin) ({_REFERENCE})", legend="in training", instant=True),
                Query(expression=f"avg by (bin) ({_SHARE})", legend="in the last window", instant=True),
            ),
            kind="barchart",
            width=24,
            height=9,
        ),
        lines(
            "Bins over time",
            "Share of the rows in each bin, of the window that ended then.",
            "percentunit",
            (f"avg by (bin) ({_SHARE})", "{{bin}}"),
            height=9,
            stacked=True,
        ),
        lines(
            "Difference from training, by bin",
            "By how much each bin's share lies above its share in training, or below it.",
            "percentunit",
            (f"avg by (bin) ({_SHARE}) - avg by (bin) ({_REFERENCE})", "{{bin}}"),
            height=9,
            minimum=None,
        ),
    )


def _rows() -> tuple[Panel, ...]:
    outside = f"{rate(telemetry.OUT_OF_RANGE, '', _IT)} or {rate(telemetry.UNKNOWN_CATEGORIES, '', _IT)}"
    return (
        lines(
            "Rows in the window",
            "Rows that the last window has. Below monitoring.min_rows there is no verdict.",
            "short",
            _of_version("rows"),
        ),
        lines(
            "Outside of what training saw",
            "Values a second beyond the range of the training rows, or of a category that they never had.",
            "cps",
            (outside, "values"),
        ),
    )
