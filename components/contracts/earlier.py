"""The earlier dataset: that of the model which serves while another one is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sevenfold.contracts.dataset import Dataset

__all__ = ["Earlier"]


class Earlier(BaseModel):
    """Where the serving model's dataset is, and how much of what it taught may be forgotten.

    A retraining gets it in its settings: preparation keeps the earlier test rows for the test, testing compares both
    models on them. `max_forgetting` is a loss of the main metric, for rmse and mae a share.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str  # path of the sealed folder
    digest: str
    max_forgetting: Annotated[float, Field(ge=0, le=1)] = 0.02

    def open(self) -> Dataset:
        """Open the dataset, verified.

        Raises:
            IntegrityError: whatever `Dataset.open` raises.
        """
        return Dataset.open(Path(self.dataset), digest=self.digest)
