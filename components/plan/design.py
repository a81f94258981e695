"""Section `design`: the notebook that explores the data before anything is fitted."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["DesignSection"]


class DesignSection(Section):
    """The notebook, its parameters and its limits."""

    notebook: Annotated[str, Field(description="Path of a notebook to run; empty takes the built-in one.")] = ""
    parameters: Annotated[
        dict[str, Any],
        Field(description="Parameters that are passed to the notebook as data, never pasted into its code."),
    ] = {}
    timeout_seconds: Annotated[int, Field(description="Longest time of one cell, in seconds.", ge=1)] = 600
    sample_rows: Annotated[int, Field(description="Largest number of rows that the notebook loads.", ge=1)] = 100_000
