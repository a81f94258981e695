"""Seeded columns in which values are written in several ways."""

from __future__ import annotations

import random

__all__ = ["generated_column"]

PARTS = (
    *("zürich", "Zurich", "bern", "Basel", "St.", "saint", "street", "Strasse", "straße", "ß", "é", "-", " ", "  "),
    *("1", "22", "&", "co", "ltd", "LTD.", "ς", "İ", "😀", "ﬁ", "\t", "a", "b", "c", "ab", "Schmidt", "Čapek", "x's"),
)


def generated_column(seed: int, rows: int | None = None) -> list[str | None]:
    """Return cells of which many are a misspelling of another; some are empty."""
    rng = random.Random(seed)
    rows = rows or rng.choice((3, 15, 60, 120))
    words = [
        "".join(rng.choice(PARTS) + rng.choice(("", " ")) for _ in range(rng.randint(1, 5)))
        for _ in range(max(1, rows // 3))
    ]
    cells: list[str | None] = []
    for _ in range(rows):
        text = rng.choice(words)
        for _ in range(rng.choice((0, 0, 1, 2))):
            place = rng.randint(0, len(text))
            added = text[:place] + rng.choice("abé X.") + text[place:]
            text = rng.choice((added, text[:place] + text[place + 1 :], text.upper(), text.lower(), f" {text}"))
        cells.append(text or None)
    return cells
