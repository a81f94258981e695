"""Batches of a column of texts, each with a dictionary of its own, as codes of one dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["OneDictionary"]


class OneDictionary:
    """A dictionary that grows: the texts of each batch in the order of its own, without those that came before."""

    def __init__(self) -> None:
        self._code_of: dict[str, int] = {}
        self._texts: pa.Array | None = None

    def coded(self, values: pa.DictionaryArray) -> pa.DictionaryArray:
        """Return values, some of them null, as codes of the dictionary so far."""
        import polars as pl
        import pyarrow as pa

        # Arrow's own way from and to lists would import pandas
        own = pl.Series(values.dictionary).to_list()
        codes = np.array([self._code_of.setdefault(text, len(self._code_of)) for text in own], dtype=np.int32)
        if self._texts is None or len(self._texts) < len(self._code_of):
            self._texts = pl.Series(list(self._code_of), dtype=pl.String).to_arrow().cast(pa.string())
        indices = values.indices
        if (codes != np.arange(len(codes))).any():
            indices = pl.Series(codes, dtype=pl.Int32).to_arrow().take(indices)
        return pa.DictionaryArray.from_arrays(indices, self._texts)
