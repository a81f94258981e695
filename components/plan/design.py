"""Section `design`: how the data is explored before anything is fitted."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["DesignSection"]


class DesignSection(Section):
    """The notebook and what it gets."""

    notebook: Annotated[str, Field(description="Path of a notebook to run; empty takes the built-in one.")] = ""
    parameters: Annotated[
        dict[str, Any], Field(description="Passed to the notebook as data, never pasted into code.")
    ] = {}
    timeout_seconds: Annotated[int, Field(description="Longest run of one cell.", ge=1)] = 600
    sample_rows: Annotated[int, Field(description="Most rows the notebook loads.", ge=1)] = 100_000
