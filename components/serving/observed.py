"""What was counted of a canary and of the stable version beside it: the numbers a decision rests on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Observed", "Side"]


class Side(BaseModel):
    """Counts of the users' requests to one version since the canary got its share; replayed rows are not among them.

    `answered` holds the requests the model was asked for, well (200) or not (5xx, the `errors`); `refused` those it
    did not accept (400, 413, 415, 422). `prediction` counts rows per bin, `reference` the rows of the bundle's own
    reference in the same bins. `psi` is None where there are too few rows to compare.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: str  # 12 hexadecimal digits of its digest
    pods: int = 0  # that Prometheus saw
    answered: int = 0
    errors: int = 0
    refused: int = 0
    latency_p99_ms: float | None = None
    prediction: dict[str, int] = {}
    reference: dict[str, int] = {}
    psi: float | None = None
    moved: bool = False  # its predictions, significantly and largely, from its reference

    @property
    def rows(self) -> int:
        """Rows predicted."""
        return sum(self.prediction.values())


class Observed(BaseModel):
    """Both versions over the same time; `drifted` blames the canary for predictions that moved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    canary: Side
    stable: Side | None = None
    drifted: bool = False
