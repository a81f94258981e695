"""The signature: which raw columns a bundle takes, and what it predicts from them.

Graph inputs, one per column, each of shape ``[rows]``: DOUBLE for number, integer and boolean (NaN for missing);
STRING for category ("" for missing); for a datetime, INT64 microseconds UTC under its name and BOOL under
``<name>:missing``. Graph outputs: ``label`` STRING ``[rows]`` and ``probabilities`` FLOAT ``[rows, classes]``, classes
as in `Signature.classes` (classification), or ``value`` DOUBLE ``[rows]`` (regression). Where a column bears one of
these three names, the output's has ``:output`` after it; readers go by the order of outputs.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.schema import Column, Task

__all__ = ["Signature"]


class Signature(BaseModel):
    """What a bundle takes and gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    target: str
    classes: tuple[str, ...] = ()
    inputs: dict[str, Column]
