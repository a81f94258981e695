"""What every section of the plan shares: frozen, complete, no unknown keys."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sevenfold.contracts.canonical import canonical_json

__all__ = ["Fraction", "Moment", "Section"]


def _text_of(value: object) -> object:
    # YAML reads an unquoted 2013-07-01 as a date.
    return value.isoformat() if isinstance(value, date) else value


Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Moment = Annotated[str, BeforeValidator(_text_of)]


class Section(BaseModel):
    """A section of the plan, or a part of one.

    A stage gets its section as canonical JSON (`to_settings`) and reads it back with `from_settings`, so comments,
    order and written-out defaults in the YAML never change what a stage sees.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, coerce_numbers_to_str=True)

    def to_settings(self) -> str:
        """Return the section, defaults included, as canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def from_settings(cls, settings: str) -> Self:
        """Read what `to_settings` wrote."""
        return cls.model_validate_json(settings)

    def replaced(self, **changes: Any) -> Self:
        """Return a validated copy with some values changed; None and "" mean unchanged."""
        given = {key: value for key, value in changes.items() if value not in (None, "")}
        return type(self).model_validate({**self.model_dump(mode="json"), **given})
