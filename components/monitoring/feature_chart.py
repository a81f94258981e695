"""One feature over time against its reference: the share of rows in each bin, in training and in every window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sevenfold.contracts.reference import FeatureBins
from sevenfold.drift.stability import Counts, smoothed_shares
from sevenfold.report import Chart
from sevenfold.report import charts as draw

__all__ = ["feature_chart"]

TRAINING: Final = "training"
SHOWN: Final = 12  # windows, the newest


def feature_chart(
    name: str, bins: FeatureBins, windows: Sequence[str], counts: Mapping[str, Mapping[str, Counts]]
) -> Chart:
    """Return a heat map of bins by windows, the training rows first.

    Args:
        name: of the feature, as `counts` has it.
        bins: of its reference.
        windows: their labels, in time order.
        counts: rows per bin by window label and feature; windows without this feature are left out.
    """
    told = [label for label in windows if name in counts.get(label, {})][-SHOWN:]
    columns = {TRAINING: bins.counts, **{label: counts[label][name] for label in told}}
    kept = [index for index in range(len(bins.names)) if any(rows[index] for rows in columns.values())]
    shares = {label: smoothed_shares(rows) for label, rows in columns.items()}
    cells = [
        {"window": label, "bin": bins.names[index], "share": float(share[index])}
        for index in kept
        for label, share in shares.items()
    ]
    return draw.heatmap(
        f"{name} over time",
        cells,
        "window",
        "bin",
        "share",
        value_title="share of rows",
        percent=True,
        wide=len(told) > 4,
        caption="Share of the rows in each bin: of the training rows first, then of each window.",
        alt=f"Heat map of the bins of {name}, in training and in {len(told)} windows.",
    )
