"""The short way through a CSV gives what the reader of every CSV gives, or leaves the table to it."""

from __future__ import annotations

import random

import pytest

from sevenfold.refine import import_csv as module
from sevenfold.refine.import_csv import import_csv
from sevenfold.refine.plain_csv import plain_table
from sevenfold.refine.table import Table

FIELDS = (
    "",
    "",
    "a",
    " a ",
    "b b",
    "ü",
    "1",
    "1.50",
    "007",
    "\t",
    "null",
    "NA",
    "NaN",
    "'",
    "x'y",
    "\x0b",
    "\u2028",
    "#",
)


def cells(table: Table) -> list[list[object]]:
    return [column.cells() for column in table.columns]


def generated(seed: int) -> str:
    rng = random.Random(seed)
    width = rng.randint(1, 4)
    lines = [",".join(f"c{at}" for at in range(width))]
    for _ in range(rng.randint(0, 8)):
        count = width if rng.random() < 0.8 else rng.randint(1, width + (rng.random() < 0.2))
        lines.append(",".join(rng.choice(FIELDS) for _ in range(count)))
    return rng.choice(("\n", "\r\n")).join(lines) + rng.choice(("", "\n"))


def test_generated_tables_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [generated(seed) for seed in range(300)]
    quick = [import_csv(text) for text in texts]
    taken = sum(plain_table(text.replace("\r\n", "\n"), ",") is not None for text in texts)
    monkeypatch.setattr(module, "plain_table", lambda text, delimiter: None)
    for text, table in zip(texts, quick, strict=True):
        slow = import_csv(text)
        assert (table.names, cells(table)) == (slow.names, cells(slow)), text
    assert taken > 100


@pytest.mark.parametrize(
    "text", ['a,b\n"1",2\n', "a,b\n\n1,2\n", "a\n#1\n", "#\na\n", "a,b\n1,2,3\n", "", "\na\n", "a,b\n\ud800,1\n"]
)
def test_what_is_not_plain_is_left_to_the_reader(text: str) -> None:
    assert plain_table(text, ",") is None


def test_another_delimiter_and_a_header_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert import_csv("a;b\n1;\n", ";").column("b").cells() == [None]
    assert import_csv("a,b\n").names == ["a", "b"]
    assert import_csv("a,b").height == 0
    assert plain_table("a§b\n1§2\n", "§") is None
