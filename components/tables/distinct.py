"""A column of texts as its distinct texts and their codes, so that each text is looked at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.tables.masked import masked, plain_values

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["DistinctTexts"]


@dataclass(frozen=True)
class DistinctTexts:
    """The texts of a column: `levels` (Arrow strings, none null) and the index of each row's, shape ``[n]``.

    Missing texts are the level "". Levels may stand in any order, and need not occur.
    """

    levels: pa.Array
    codes: NDArray[Any]

    @classmethod
    def of(cls, texts: pl.Series) -> DistinctTexts:
        """Return those of a Polars column, String or Categorical."""
        import polars as pl
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(texts.dtype, pl.Categorical):
            return cls.of_dictionary(texts.to_arrow())
        return cls.of_dictionary(pc.dictionary_encode(texts.to_arrow().cast(pa.string())))

    @classmethod
    def of_dictionary(cls, texts: pa.DictionaryArray) -> DistinctTexts:
        """Return those of a dictionary of strings."""
        import pyarrow as pa

        levels = texts.dictionary.cast(pa.string())
        codes, missing = plain_values(texts.indices)
        if missing is not None:
            blank = pa.nulls(1, pa.string()).fill_null("")
            codes, levels = np.where(missing, len(levels), codes), pa.concat_arrays([levels, blank])
        return cls(levels.fill_null("") if levels.null_count else levels, codes)

    def renamed(self, names: pa.Array) -> pa.DictionaryArray:
        """Return the column with another name for each level, null for none.

        Levels of one name become one. The names stand in the order of the first row that has each, so that equal
        columns are equal arrays, in whatever order the levels were found.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        order = self.by_first_row()
        encoded = pc.dictionary_encode(names.take(masked(order)))
        codes, missing = plain_values(encoded.indices)
        code_of = np.zeros(len(names), dtype=np.int32)
        code_of[order] = codes
        if missing is None:
            return pa.DictionaryArray.from_arrays(masked(np.take(code_of, self.codes)), encoded.dictionary)
        nameless = np.zeros(len(names), dtype=np.bool_)
        nameless[order] = missing
        indices = masked(np.take(code_of, self.codes), np.take(nameless, self.codes))
        return pa.DictionaryArray.from_arrays(indices, encoded.dictionary)

    def by_first_row(self) -> NDArray[np.int64]:
        """Return the levels that occur, by the first row that has each."""
        rows = len(self.codes)
        first = np.full(len(self.levels), rows)
        first[self.codes[::-1]] = np.arange(rows)[::-1]  # of several values for one place the last one stays
        order = np.argsort(first, kind="stable")
        return order[: int(np.count_nonzero(first < rows))]
