"""A column of categories, batch after batch: codes of one dictionary, so that each text of the table is parsed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.schema import Column, Kind, Notation
from sevenfold.tables.distinct import DistinctTexts
from sevenfold.tables.masked import absent, masked, plain_numbers
from sevenfold.tables.parse import parse_distinct
from sevenfold.tables.parsed import Parsed

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["CodedColumn"]

MAX_LEVELS: Final = 4_096  # of a dictionary, which lies in every row group of the files that are written
MAX_BYTES: Final = 1 << 18  # of its texts
MISSING: Final = -1  # code of a text that means a missing value
UNSEEN: Final = -2  # code of a text that no row had so far
_CATEGORY: Final = Column(kind=Kind.CATEGORY, nullable=True)


class CodedColumn:
    """Codes the texts of a column by one dictionary, in the order of the first row that has each.

    So the dictionary does not depend on where a batch ends. A column of too many texts, or with one at fault, is given
    up: nothing comes back from then on, and each batch is to be parsed by itself.

    Args:
        notation: which texts mean a missing value.
    """

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self._given_up = False
        self._code_of_name: dict[str, int] = {}
        self._code_of_text: dict[str, int] = {}
        self._spaced: set[str] = set()  # texts with white space around
        self._dictionary: Any = None
        self._none: pl.Series | None = None
        self._levels: pa.Array | None = None  # the dictionary of the last batch of Parquet
        self._code_of: NDArray[np.int32] = np.zeros(0, dtype=np.int32)  # by the number of a text in the batches
        self._trimmed: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    @property
    def given_up(self) -> bool:
        """Whether nothing comes back any more."""
        return self._given_up

    @property
    def texts(self) -> list[str]:
        """The texts so far, in the order of the first row that has each."""
        return list(self._code_of_text)

    def give_up(self) -> None:
        """Let every batch from now on be parsed by itself."""
        self._given_up = True
        self._none = None

    def takes(self, texts: Sequence[str]) -> bool:
        """Learn texts of rows that were coded elsewhere; False, and nothing is learned, where they are too many.

        Args:
            texts: in the order of the rows; some may be known.
        """
        before = dict(self._code_of_name), dict(self._code_of_text), set(self._spaced), self._dictionary, self._none
        self._learn([text for text in texts if text not in self._code_of_text])
        if self._given_up:
            self._code_of_name, self._code_of_text, self._spaced, self._dictionary, self._none = before
            self._given_up = False
            return False
        return True

    def polars_type(self) -> pl.Categorical:
        """Return the type that Polars reads the next batch as: its categories are numbered as in the last one."""
        import polars as pl

        if self._given_up:
            return pl.Categorical(pl.Categories.random())  # those of one batch alone: they go with it
        if self._none is None:
            kind = pl.Categorical(pl.Categories.random())
            self._none = pl.Series([], dtype=kind)  # Polars forgets categories that no series has
        return self._none.dtype  # type: ignore[return-value]

    def of_categories(self, texts: pl.Series, numbers: pa.Array) -> Parsed | None:
        """Return a batch of `polars_type`, without the column's own limits; None where it must be parsed by itself.

        Args:
            texts: the batch.
            numbers: the number that Polars has for each of its texts.
        """
        if self._none is None or texts.dtype != self._none.dtype:
            return None
        coded = self._coded(numbers)
        if coded is None:
            plain, missing = plain_numbers(numbers), absent(numbers)
            present = np.arange(len(plain)) if missing is None else np.flatnonzero(~missing)
            new, first = np.unique(plain[present], return_index=True)
            order = np.argsort(first)
            encoded = texts.gather(present[first[order]]).to_arrow()
            self._number_texts(encoded.cast("string").to_pylist(), new[order].tolist())
            coded = self._coded(numbers)
        return coded

    def of_dictionary(self, texts: pa.DictionaryArray) -> Parsed | None:
        """Return a batch of a dictionary of strings, without the column's own limits; None as above."""
        levels = texts.dictionary
        if self._given_up or levels.null_count:
            return None
        if self._levels is None or not self._levels.equals(levels):
            self._levels, self._code_of, self._trimmed = levels, self._code_of[:0], self._trimmed[:0]
            known = [at for at, text in enumerate(levels.to_pylist()) if text in self._code_of_text]
            self._number_texts(levels.take(masked(np.array(known, dtype=np.int64))).to_pylist(), known)
        coded = self._coded(texts.indices)
        if coded is None:
            order = DistinctTexts.of_dictionary(texts).by_first_row()
            order = order[order < len(levels)]  # the one after them is blank
            self._number_texts(levels.take(masked(order)).to_pylist(), order.tolist())
            coded = self._coded(texts.indices)
        return coded

    def _coded(self, numbers: pa.Array) -> Parsed | None:
        """Return rows by the numbers of their texts; None where one is not known, or the column is given up."""
        import pyarrow as pa

        if self._given_up or self._dictionary is None:
            return None
        plain = plain_numbers(numbers)
        # a null's number may be any
        codes = self._code_of.take(plain, mode="clip") if len(self._code_of) else np.full(len(plain), UNSEEN, np.int32)
        lowest = int(codes.min(initial=0))
        beyond = int(plain.max(initial=0)) >= len(self._code_of)
        bits = numbers.buffers()[0] if numbers.null_count else None
        if lowest >= 0 and not beyond and not numbers.offset and not self._trimmed.any():
            return self._as_parsed(pa.Array.from_buffers(pa.int32(), len(codes), [bits, pa.py_buffer(codes)]), 0)
        missing = absent(numbers)
        if lowest == UNSEEN or beyond:
            unknown = (codes == UNSEEN) | (plain >= len(self._code_of))
            if (unknown if missing is None else unknown & ~missing).any():
                return None
        trimmed = 0
        if self._trimmed.any():
            spaced = self._trimmed.take(plain, mode="clip")
            trimmed = int(np.count_nonzero(spaced if missing is None else spaced & ~missing))
        if lowest < 0 or numbers.offset:
            without = codes < 0 if missing is None else missing | (codes < 0)
            coded = masked(np.maximum(codes, 0), without)
        else:
            coded = pa.Array.from_buffers(pa.int32(), len(codes), [bits, pa.py_buffer(codes)])
        return self._as_parsed(coded, trimmed)

    def _as_parsed(self, coded: pa.Array, trimmed: int) -> Parsed:
        import pyarrow as pa

        return Parsed(pa.DictionaryArray.from_arrays(coded, self._dictionary, safe=False), {}, trimmed)

    def _number_texts(self, texts: list[str], numbers: list[int]) -> None:
        """Take texts in the order of the rows, and the number that each has in the batches."""
        self._learn([text for text in texts if text not in self._code_of_text])
        if self._given_up:
            return
        size = max(len(self._code_of), max(numbers, default=-1) + 1)
        code_of, trimmed = np.full(size, UNSEEN, dtype=np.int32), np.zeros(size, dtype=np.bool_)
        code_of[: len(self._code_of)], trimmed[: len(self._code_of)] = self._code_of, self._trimmed
        code_of[numbers] = [self._code_of_text[text] for text in texts]
        trimmed[numbers] = [text in self._spaced for text in texts]
        self._code_of, self._trimmed = code_of, trimmed

    def _learn(self, texts: list[str]) -> None:
        """Parse texts that no row had so far, in the order of the rows."""
        import polars as pl
        import pyarrow as pa
        import pyarrow.compute as pc

        if not texts and self._dictionary is not None:
            return
        raw = pl.Series(texts, dtype=pl.String).to_arrow().cast(pa.string())  # `pyarrow.array` would import pandas
        parsed = parse_distinct(DistinctTexts(raw, np.arange(len(texts))), _CATEGORY, self._notation)
        for text, name in zip(texts, parsed.values.to_pylist(), strict=True):
            code = MISSING if name is None else self._code_of_name.setdefault(name, len(self._code_of_name))
            self._code_of_text[text] = code
        self._spaced.update(raw.filter(pc.not_equal(pc.utf8_trim_whitespace(raw), raw)).to_pylist())
        self._dictionary = pl.Series(list(self._code_of_name), dtype=pl.String).to_arrow().cast(pa.string())
        if len(self._code_of_text) > MAX_LEVELS or self._dictionary.nbytes > MAX_BYTES or parsed.faults:
            self.give_up()
