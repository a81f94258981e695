"""How the fields of a CSV are written: the signs between them, around them, and before a sign that is meant."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.contracts.errors import DataError

if TYPE_CHECKING:
    from sevenfold.plan.data import DataSection

__all__ = ["FieldStyle"]


@dataclass(frozen=True)
class FieldStyle:
    """The signs of a CSV: `escape` is empty where a quote inside quotes is doubled."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip_initial_space: bool = False

    @classmethod
    def planned(cls, data: DataSection) -> FieldStyle:
        """Return the style that a plan declares.

        Raises:
            DataError: ``delimiter`` where no file can be written so.
        """
        if not data.delimiter.isascii() or data.delimiter in '"\r\n' or data.delimiter == data.quote:
            raise DataError("delimiter", f"A delimiter must be one ASCII sign, but got {data.delimiter!r}.")
        return cls(data.delimiter, data.quote, data.escape, data.skip_initial_space)

    @property
    def is_standard(self) -> bool:
        """Whether quotes are those of RFC 4180, whatever the delimiter."""
        return self.quote == '"' and not self.escape and not self.skip_initial_space

    def changed_from(self, other: FieldStyle) -> dict[str, str | bool]:
        """Return what is written in another way than in `other`, by the names that the plan has for it."""
        return {key: value for key, value in asdict(self).items() if value != getattr(other, key)}

    def reader(self, lines: Iterable[str], *, strict: bool = True) -> Any:
        """Return the standard library's reader for this style."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape or None,
            skipinitialspace=self.skip_initial_space,
            strict=strict,
        )
