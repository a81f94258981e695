"""A number with the noun that it counts, for sentences that people read."""

from __future__ import annotations

__all__ = ["quantity"]


def quantity(count: int, one: str, many: str = "") -> str:
    """Return a number and what follows it: `one` behind 1, otherwise `many`, by default `one` with an s.

    Thousands are grouped. Both may go on to the verb, where that changes too.

    >>> quantity(1, "row"), quantity(12_345, "row"), quantity(0, "class", "classes")
    ('1 row', '12,345 rows', '0 classes')
    >>> quantity(1, "row repeats", "rows repeat")
    '1 row repeats'
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
