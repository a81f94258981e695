"""Section `tuning.warm_start`: settings of an earlier search that a search begins with."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from sevenfold.plan.section import Section

__all__ = ["DIGEST_START", "WarmStart"]

DIGEST_START = "sha256:"


class WarmStart(Section):
    """What a search tries first, after the plan's own settings: the best of an earlier study, or what is given here."""

    study: Annotated[
        str,
        Field(
            description="An earlier run's folder, such as runs/NAME/1, or the folder or address of its study; empty "
            "for none. In a plan that has been submitted: the study's digest."
        ),
    ] = ""
    trials: Annotated[
        int,
        Field(description="How many of its best trials of each kind of model are tried again.", ge=1, le=100),
    ] = 3
    settings: Annotated[
        tuple[dict[str, Any], ...],
        Field(
            description="Settings to try first, each with names as in tuning.space; those of a study are written here "
            "when a run starts."
        ),
    ] = ()

    @property
    def unread(self) -> bool:
        """Whether it names a study whose settings are still to be read."""
        return bool(self.study) and not self.study.startswith(DIGEST_START)
