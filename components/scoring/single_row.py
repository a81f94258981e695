"""A fast path of `feeds_from_rows` for one plain row: the values of a kind become one array, cut into feeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from sevenfold.contracts.schema import MAX_INTEGER, Column, Kind, Notation
from sevenfold.scoring.feeds import MAX_TEXT, Feeds, feeds_from_rows

__all__ = ["SingleRow"]

INF: Final = float("inf")
_NONE: Final = type(None)
_NUMBERS: Final = frozenset({float, int, _NONE})
_TEXTS: Final = frozenset({str, _NONE})


class SingleRow:
    """Reads one row at a time for the same inputs.

    A row that is not plain (a wrong type, a large integer, text beyond ASCII or with a NUL, a value that means missing,
    a required one that is missing) goes to `feeds_from_rows`, so the rules and their errors are written once.
    """

    def __init__(self, inputs: Mapping[str, Column], notation: Notation) -> None:
        kinds = {name: column.kind for name, column in inputs.items()}
        self._inputs, self._notation = inputs, notation
        self._tokens = notation.tokens - {""}
        self._missing_numbers = notation.missing_numbers
        self._integers = [name for name, kind in kinds.items() if kind is Kind.INTEGER]
        self._numbers = [*self._integers, *(name for name, kind in kinds.items() if kind is Kind.NUMBER)]
        self._texts = [name for name, kind in kinds.items() if kind is Kind.CATEGORY]
        taken = {*self._numbers, *self._texts}
        self._others = {name: column for name, column in inputs.items() if name not in taken}
        self._may_lack_numbers = all(inputs[name].nullable for name in self._numbers)
        self._may_lack_texts = all(inputs[name].nullable for name in self._texts)

    def feeds(self, row: Mapping[str, Any], *, max_text: int = MAX_TEXT) -> Feeds:
        """Return what ``feeds_from_rows([row], inputs, notation, max_text=max_text)`` returns.

        Raises:
            InputError: as `feeds_from_rows`.
        """
        if type(row) is dict:
            numbers, texts = self._plain_numbers(row), self._plain_texts(row, max_text)
            if numbers is not None and texts is not None:
                feeds = feeds_from_rows([row], self._others, self._notation, max_text=max_text) if self._others else {}
                # the rows of a two-dimensional array are views of shape [1]
                feeds.update(zip(self._numbers, np.array(numbers, dtype=np.float64).reshape(-1, 1), strict=True))
                block = np.empty((len(texts), 1), dtype=object)
                block[:, 0] = texts
                feeds.update(zip(self._texts, block, strict=True))
                return feeds
        return feeds_from_rows([row], self._inputs, self._notation, max_text=max_text)

    def _plain_numbers(self, row: dict[str, Any]) -> list[Any] | None:
        values = list(map(row.get, self._numbers))
        kinds = set(map(type, values))
        if not kinds <= _NUMBERS or (_NONE in kinds and not self._may_lack_numbers):
            return None
        if any(value in values for value in self._missing_numbers):
            return None
        if int in kinds:
            for value in values:
                if type(value) is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
                    return None
        if float in kinds:
            if INF in values or -INF in values or (not self._may_lack_numbers and any(v != v for v in values)):
                return None
            if any(type(value) is float for value in values[: len(self._integers)]):
                return None
        return values

    def _plain_texts(self, row: dict[str, Any], max_text: int) -> list[str] | None:
        values = list(map(row.get, self._texts))
        kinds = set(map(type, values))
        if not kinds <= _TEXTS:
            return None
        texts = [value.strip() if value else "" for value in values]
        if self._tokens and not self._tokens.isdisjoint(texts):
            return None
        if not self._may_lack_texts and "" in texts:
            return None
        whole = "".join(texts)
        if not whole.isascii() or "\0" in whole or any(len(value) > max_text for value in values if value):
            return None
        return texts
