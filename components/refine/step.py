"""What every recorded step shares: its fields read strictly, and the sentence for one that is refused."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from sevenfold.contracts.errors import DataError
from sevenfold.refine.table import Table

__all__ = ["Recorded", "Step", "refused"]


class Recorded(BaseModel):
    """A part of a history under OpenRefine's own keys; keys that it does not know are ignored, as OpenRefine does."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Step(Recorded):
    """One operation of a history: `op` as OpenRefine registers it, and its description for people."""

    op: str
    description: str = ""
    moves_rows: ClassVar[bool] = False  # the rows after the step are the same ones in another order

    def expressions(self) -> list[str]:
        """Return every expression that the step evaluates, those of its facets included."""
        return []

    def columns_named(self) -> list[str]:
        """Return the columns that the step reads by name, as far as they are its own fields."""
        return []

    def check(self) -> None:
        """Refuse fields that do no step on any table.

        Raises:
            DataError: the reason.
        """

    def crossing(self) -> str:
        """Return why the step needs more than a row's own cells, as "it …"; "" where it does not.

        Such a step gives other cells, or other rows, for a row alone than for the same row in its table.
        """
        return ""

    def apply(self, table: Table) -> Table:
        """Return the table after the step.

        Raises:
            DataError: OpenRefine refuses the step on such a table.
        """
        raise NotImplementedError


def refused(rule: str, remedy: str = "Remove the step from the history, or record it anew on this table.") -> DataError:
    """Return the error of a step that cannot be done on the table."""
    return DataError("refine_step", rule, remedy=remedy)
