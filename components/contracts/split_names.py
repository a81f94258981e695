"""The files of a split: one, or several of equally many rows where the split is long.

Up to `FILE_ROWS` rows a split is one file, ``train.parquet``. A longer one is ``train-00001.parquet``,
``train-00002.parquet`` and so on, in the order of the rows: each of `FILE_ROWS` rows, and the last of the rest. Where
they are cut depends on nothing but the rows' number, so the same rows give the same files, whatever wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from sevenfold.contracts.errors import IntegrityError

__all__ = ["FILE_ROWS", "files_found", "files_of"]

FILE_ROWS: Final = 1 << 20  # whole row groups
_NUMBERED: Final = re.compile(r"-(\d{5,})\.parquet")


def files_of(split: str, rows: int) -> dict[str, int]:
    """Return the names of a split's files, in the order of the rows, with how many rows each has.

    >>> files_of("test", 0), files_of("train", 1_500_000)
    ({'test.parquet': 0}, {'train-00001.parquet': 1048576, 'train-00002.parquet': 451424})
    """
    if rows <= FILE_ROWS:
        return {f"{split}.parquet": rows}
    starts = range(0, rows, FILE_ROWS)
    return {f"{split}-{number:05}.parquet": min(FILE_ROWS, rows - at) for number, at in enumerate(starts, 1)}


def files_found(split: str, names: Collection[str]) -> list[str]:
    """Return those of some names that are the files of a split, in the order of its rows; none where it is not there.

    >>> files_found("train", ["train-00002.parquet", "test.parquet", "train-00001.parquet"])
    ['train-00001.parquet', 'train-00002.parquet']

    Raises:
        IntegrityError: ``missing_file`` where the numbers have a gap, ``unlisted_file`` where one file and numbered
            ones are there.
    """
    alone = f"{split}.parquet"
    numbered = {
        int(match[1]): name
        for name in names
        if name.startswith(split) and (match := _NUMBERED.fullmatch(name, len(split)))
    }
    if alone not in names:
        for number in range(1, max(numbered, default=0)):
            if number not in numbered:
                missing = f"{split}-{number:05}.parquet"
                raise IntegrityError("missing_file", f"The files of a split have no gap, but {missing} is not there.")
        return [numbered[number] for number in sorted(numbered)]
    if numbered:
        also = numbered[min(numbered)]
        raise IntegrityError(
            "unlisted_file",
            f"The rows of a split are in one file or in numbered ones, but {alone} and {also} are both there.",
            remedy="Make the dataset again.",
        )
    return [alone]
