"""What every recorded step shares: its fields read strictly, and the sentence for one that is refused."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from sevenfold.contracts.errors import DataError
from sevenfold.refine.table import Table

__all__ = ["Recorded", "Step", "refused"]


class Recorded(BaseModel):
    """A part of a history under OpenRefine's own keys; keys that it does not know are ignored, as OpenRefine does.

    Programs that write histories say null for what they do not set. As in OpenRefine, a null number is 0, and any other
    key that is null counts as left out, unless null is one of its values or it is in `never_null`; a mark that has no
    default is false then.
    """

    never_null: ClassVar[frozenset[str]] = frozenset()  # keys that may be left out, but not be null

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict) or None not in given.values():
            return given
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        read: dict[str, Any] = {}
        for key, value in given.items():
            kind: Any = fields[key].annotation if key in fields else Any
            if value is not None or kind is Any or type(None) in get_args(kind) or key in cls.never_null:
                read[key] = value
            elif kind in (int, float):
                read[key] = 0
            elif kind is bool and fields[key].is_required():
                read[key] = False
        return read


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
