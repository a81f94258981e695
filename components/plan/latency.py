"""Section `tuning.latency`: how fast the chosen model must predict."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["LatencyLimit"]


class LatencyLimit(Section):
    """Quality and latency as two objectives; the best score among the trials within the limit is chosen."""

    limit_ms: Annotated[
        float,
        Field(
            description="Longest time in milliseconds that model.onnx may take for a prediction, measured where a "
            "trial runs; the best score of the trials within it is chosen. 0 measures none, which equal digests need.",
            ge=0,
        ),
    ] = 0.0
    rows: Annotated[int, Field(description="Rows of that prediction.", ge=1, le=100_000)] = 1

    @property
    def wanted(self) -> bool:
        """Whether latency is measured at all."""
        return self.limit_ms > 0
