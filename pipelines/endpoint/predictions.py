"""Predictions of a canary and of what serves beside it, compared with the references of their bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.contracts.errors import TemporaryError
from sevenfold.serving.observed import Observed, Side
from sevenfold.serving.prediction_move import blamed, compared

if TYPE_CHECKING:
    from sevenfold.contracts.reference import FeatureBins
    from sevenfold.pipelines.endpoint.protocol import CloudEndpoint

__all__ = ["observed", "with_predictions"]


def with_predictions(
    side: Side, endpoint: CloudEndpoint, since: float, bins: FeatureBins | None, min_rows: int
) -> Side:
    """Return counts with the rows per bin that the bundle predicted, and whether they moved from its reference.

    Args:
        side: what the cloud counted.
        endpoint: knows the container's own figures.
        since: seconds since the epoch.
        bins: of the predictions, in the bundle's reference; None compares nothing.
        min_rows: fewer are not compared.

    Raises:
        TemporaryError: ``predictions_late``: enough requests were answered, but their predictions not yet counted.
    """
    if bins is None:
        return side
    rows = endpoint.predictions(side.bundle, since, bins.names)
    if rows is None:
        return side
    reference = dict(zip(bins.names, bins.counts, strict=True))
    made = side.model_copy(update={"prediction": rows, "reference": reference})
    answered = side.answered - side.errors
    if side.answered >= min_rows and made.rows < min(min_rows, answered):
        raise TemporaryError(
            "predictions_late",
            f"Of {answered} answered requests to bundle {side.bundle}, the predictions of {made.rows} were counted.",
            remedy='They come a minute or two late, or never: then see "metrics not sent" in the container\'s log.',
        )
    return compared(made, min_rows)


def observed(canary: Side, stable: Side) -> Observed:
    """Return both sides, and whether the canary is blamed for predictions that moved."""
    return Observed(canary=canary, stable=stable, drifted=blamed(canary, stable))
