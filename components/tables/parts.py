"""A table in one file or in several: what its parts are called, and that they have the same columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from sevenfold.contracts.errors import DataError

__all__ = ["check_part", "check_part_format", "part_names", "parts_of", "table_name"]


def parts_of(table: Path | Sequence[Path]) -> tuple[Path, ...]:
    """Return the files of a table, in order.

    Raises:
        DataError: ``missing_file``.
    """
    paths = (table,) if isinstance(table, Path) else tuple(table)
    for path in paths:
        if not path.is_file():
            folder = path.is_dir()
            raise DataError(
                "missing_file",
                f"The table must be a file, but {path.name!r} is {'a folder' if folder else 'not there'}.",
                remedy=f"Name a file in it, or all as one table: '{path.name}/*.csv'." if folder else "Check the path.",
            )
    return paths


def part_names(paths: Sequence[Path]) -> list[str]:
    """Return what to call each file: its name, with its folder where two have the same.

    >>> part_names([Path("a/1.csv"), Path("b/1.csv"), Path("b/2.csv")])
    ['a/1.csv', 'b/1.csv', '2.csv']
    """
    counts = Counter(path.name for path in paths)
    return [path.name if counts[path.name] == 1 else f"{path.parent.name}/{path.name}" for path in paths]


def table_name(paths: Sequence[Path]) -> str:
    """Return what to call the table: its file's name, or the first one's and how many more there are.

    >>> table_name([Path("a/1.csv"), Path("a/2.csv")])
    '1.csv and 1 more'
    """
    return paths[0].name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def check_part(names: Collection[str], first: Collection[str], part: str, first_part: str) -> None:
    """Refuse a part whose columns are not those of the first one; their order may differ.

    Raises:
        DataError: ``part_columns``.
    """
    lacking = [name for name in first if name not in set(names)]
    more = [name for name in names if name not in set(first)]
    if not lacking and not more:
        return
    wrong = [f"lacks {_some(lacking)}"] * bool(lacking) + [f"has {_some(more)} besides"] * bool(more)
    raise DataError(
        "part_columns",
        f"All files of a table must have the columns of {first_part}, but {part} {' and '.join(wrong)}. "
        f"part_columns {part}:1:1",
        remedy="Take it out of data.source, or give it the same header, delimiter and format.",
    )


def check_part_format(kind: str, first: str, part: str, first_part: str) -> None:
    """Refuse a part that is CSV where the first one is Parquet, or the other way round.

    Raises:
        DataError: ``part_format``.
    """
    if kind != first:
        raise DataError(
            "part_format",
            f"All files of a table must have one format, but {first_part} is {first} and {part} is {kind}.",
            remedy="Write all of them in one format.",
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:60]) for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
