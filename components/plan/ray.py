"""Section `tuning.ray`: where Ray runs, and what a trial gets there."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["RaySection"]

BYTES: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {
    f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGT", start=1)
}


class RaySection(Section):
    """Where Ray runs, and what a trial gets there; for `engine: ray`."""

    address: Annotated[
        str,
        Field(
            description="Address of a Ray cluster that the search joins: HOST:PORT of its head node; empty starts Ray "
            "on this machine and ends it after the search.",
            pattern=r"^(([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5})?$",
        ),
    ] = ""
    concurrent_trials: Annotated[
        int,
        Field(
            description="Most trials at a time. With 1 the search is the one of `engine: optuna`; with more it depends "
            "on which trial ends first.",
            ge=1,
            le=1_000,
        ),
    ] = 1
    cpu: Annotated[int, Field(description="CPU cores that Ray reserves for a trial.", ge=1)] = 1
    memory: Annotated[
        str,
        Field(
            description="Memory that Ray reserves for a trial, such as 2Gi; empty reserves none.",
            pattern=r"^([1-9]\d*(Ki|Mi|Gi|Ti|k|M|G|T)?)?$",
        ),
    ] = ""

    @property
    def memory_bytes(self) -> int:
        """The memory of a trial in bytes; 0 where none is reserved."""
        digits = self.memory.rstrip("KMGTik")
        return int(digits) * BYTES[self.memory[len(digits) :]] if digits else 0
