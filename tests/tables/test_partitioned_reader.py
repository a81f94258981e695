"""A table that is checked in partitions is the table that one reader reads, to the last bit."""

from __future__ import annotations

import gzip
import pickle
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.plan import DataSection
from sevenfold.tables.partition import LocalFiles, Partition, checked_partition
from sevenfold.tables.partitioned_reader import Checked, PartitionedReader
from sevenfold.tables.reader import TableReader

COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"kind": "category", "role": "identifier"},
    "x": {"kind": "number"},
    "n": {"kind": "integer", "nullable": True},
    "c": {"kind": "category"},
    "when": {"kind": "datetime"},
    "y": {"kind": "category", "role": "target"},
}
NAMES = list(COLUMNS)


def in_any_order(reader: PartitionedReader, partitions: Sequence[Partition]) -> Checked:
    """Check the partitions as other machines would: each by itself, the last one perhaps first, all of it sent."""
    done: dict[int, bytes] = {}
    for at in random.Random(len(partitions)).sample(range(len(partitions)), len(partitions)):
        partition, columns = pickle.loads(pickle.dumps((partitions[at], reader.columns)))  # noqa: S301
        found = checked_partition(partition, LocalFiles(reader.paths), reader.data, columns, reader.fresh_codes())
        done[at] = pickle.dumps(list(found))
    for at in sorted(done):
        yield from ((at, found) for found in pickle.loads(done[at]))  # noqa: S301


def section(**settings: Any) -> DataSection:
    given = {"source": "t", "target": "y", "task": "binary", "columns": COLUMNS, "max_bad_fraction": 1.0}
    return DataSection.model_validate(given | {"max_unlabelled": 1.0} | settings)


def rows(count: int, seed: int, levels: int = 9) -> list[list[str]]:
    """Rows of which some are refused: for want of a value or a label, for a text that is no number, for a date."""
    draw = random.Random(seed)

    def one(number: int) -> list[str]:
        return [
            str(number),
            draw.choice(["1.5", "-3", "x", "", "7e3"]) if draw.random() < 0.2 else f"{draw.random():.6f}",
            draw.choice(["", "NA", "12", "3.5"]),
            draw.choice(["", " red ", "red"]) if draw.random() < 0.1 else f"level {draw.randrange(levels)}",
            draw.choice(["2024-01-31", "2024-02-30", "2024-03-01 10:15"]),
            draw.choice(["yes", "no", "no", "", " no"]),
        ]

    return [one(number) for number in range(count)]


def text(body: Sequence[Sequence[str]], end: str = "\n") -> str:
    return end.join([",".join(NAMES), *(",".join(row) for row in body)]) + end


def quoted(body: Sequence[Sequence[str]], seed: int, end: str = "\n") -> str:
    """The rows with quotes around some fields, and with line feeds and delimiters within them."""
    draw = random.Random(seed)

    def field(value: str, at: int) -> str:
        if at == 3 and draw.random() < 0.3:
            inside = draw.choice(["\n", ",", '""', "\n\n\n", " "])
            return f'"{value}{inside}{value}"'
        return f'"{value}"' if draw.random() < 0.2 else value

    lines = [",".join(field(value, at) for at, value in enumerate(row)) for row in body]
    return end.join([",".join(NAMES), *lines]) + end


def all_of(reader: TableReader) -> tuple[Any, ...]:
    """What is known of a table once it is read, with the dictionary of each column of each batch."""
    batches = list(reader)
    plain = [[column.to_pylist() for column in batch.columns] for batch in batches]
    dictionaries = [
        [c.dictionary.to_pylist() if pa.types.is_dictionary(c.type) else None for c in batch.columns]
        for batch in batches
    ]
    return (
        [batch.schema for batch in batches],
        plain,
        dictionaries,
        reader.rows,
        reader.quarantine.table(),
        list(reader.quarantine.counts.items()),
        list(reader.quarantine.by_column.items()),
        list(reader.trimmed.items()),
        list(reader.classes.counts.items()),
        reader.absent,
        list(reader.columns),
    )


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.tables.encoding.CHUNK_BYTES", 700)
    monkeypatch.setattr("sevenfold.tables.parquet.BATCH_ROWS", 40)
    monkeypatch.setattr("sevenfold.tables.parquet.PARTITION_ROWS", 80)
    monkeypatch.setattr("sevenfold.tables.slow_records.BATCH_RECORDS", 30)


def compare(paths: Path | Sequence[Path], data: DataSection, pieces: int, least: int = 2) -> None:
    expected = all_of(TableReader(paths, data))
    reader = PartitionedReader(paths, data, check=in_any_order, pieces=pieces)
    assert all_of(reader) == expected
    assert len(PartitionedReader(paths, data, check=in_any_order, pieces=pieces).partitions()) >= least


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_a_csv(seed: int, pieces: int, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text(rows(300, seed)))
    compare(path, section(), pieces)


@pytest.mark.parametrize("seed", range(6))
def test_line_feeds_and_delimiters_in_quotes(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(quoted(rows(300, seed), seed, "\r\n" if seed % 2 else "\n").encode("utf-8-sig"))
    compare(path, section(), 1 + seed % 3)


@pytest.mark.parametrize("limit", [3, 30, 70])
@pytest.mark.parametrize("seed", range(3))
def test_columns_of_too_many_texts_for_one_dictionary(
    seed: int, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.tables.coded_column.MAX_LEVELS", limit)
    path = tmp_path / "t.csv"
    path.write_text(text(rows(400, seed, levels=80)))
    compare(path, section(), 2)


@pytest.mark.parametrize("at", [5, 160, 390])
def test_quotes_in_unusual_places_are_read_one_by_one_from_there_on(at: int, tmp_path: Path) -> None:
    body = rows(400, at)
    body[at][3] = 'a 3" disk'
    other = tmp_path / "other.csv"
    other.write_text(text(rows(200, 1)))
    path = tmp_path / "t.csv"
    path.write_text(text(body))
    compare([path, other], section(), 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:50], "", "1,2", *lines[50:200], lines[0], *lines[200:], "1,2,3,4,5,6,7"],
        lambda lines: [*lines[:50], lines[50].replace("level", "lev\udcffel"), *lines[51:]],
        lambda lines: lines[:4],
    ],
)
def test_records_that_do_not_fit(change: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join(change(text(rows(300, 5)).splitlines())).encode("utf-8", "surrogateescape"))
    compare(path, section(), 1, least=1)


@pytest.mark.parametrize("kind", ["gz", "utf-16", "escape", "cr"])
def test_files_that_cannot_be_cut_are_one_partition(kind: str, tmp_path: Path) -> None:
    content, settings = text(rows(200, 3), "\r" if kind == "cr" else "\n"), {}
    path = tmp_path / ("t.csv.gz" if kind == "gz" else "t.csv")
    encoded = content.encode("utf-16" if kind == "utf-16" else "utf-8")
    path.write_bytes(gzip.compress(encoded) if kind == "gz" else encoded)
    if kind == "utf-16":
        settings = {"encoding": "utf-16"}
    elif kind == "escape":
        settings = {"escape": "\\"}
    compare(path, section(**settings), 1, least=1)


@pytest.mark.parametrize("group", [1_000, 100, 64, 33])
@pytest.mark.parametrize("limit", [4_096, 30])
def test_parquet(group: int, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevenfold.tables.coded_column.MAX_LEVELS", limit)
    paths = []
    for number in range(2):
        body = rows(500 - 70 * number, number, levels=90)
        columns = {name: [row[at] for row in body] for at, name in enumerate(NAMES)}
        table = pa.table(columns | {"x": [float(at) if at % 7 else None for at in range(len(body))]})
        paths.append(tmp_path / f"{number}.parquet")
        pq.write_table(table, paths[-1], row_group_size=group, dictionary_pagesize_limit=200)
    compare(paths, section(), 1, least=2 if group == 1_000 else 6)


def test_labels_that_are_merged_or_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text(rows(300, 2)))
    columns = {name: dict(column) for name, column in COLUMNS.items()}
    columns["y"]["role"], columns["c"]["role"] = "ignore", "target"
    merged = {"few": ["level 1", "level 2", "not there"]}
    settings = {"target": "c", "task": "multiclass", "columns": columns, "merged_classes": merged}
    compare(path, section(**settings, left_out_classes=["level 3"]), 2)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("unclosed_quote", lambda body: body + '300,"1.5,2,c\n'),
        ("not_text", lambda body: body[:9_000] + "\0" + body[9_000:]),
        ("header_changed", lambda body: body[:9_000] + "\nx,id,n,c,when,y\n" + body[9_000:]),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_the_same_words(code: str, change: Any, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(change(text(rows(300, 4))))
    said = []
    for reader in (TableReader(path, section()), PartitionedReader(path, section(), check=in_any_order, pieces=2)):
        with pytest.raises(DataError) as caught:
            list(reader)
        said.append((caught.value.code, str(caught.value)))
    assert said[0] == said[1]
    assert said[0][0] == code


def test_times_that_differ_in_kind_between_partitions_are_refused(tmp_path: Path) -> None:
    body = rows(300, 1)
    for number, row in enumerate(body):
        row[4] = "2024-01-31T10:15:00" if number < 150 else "2024-01-31T10:15:00Z"
    path = tmp_path / "t.csv"
    path.write_text(text(body))
    with pytest.raises(DataError, match="offset"):
        list(PartitionedReader(path, section(), check=in_any_order, pieces=1))


def test_who_checks_partitions_is_told_when_no_more_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    ended = []

    def check(reader: PartitionedReader, partitions: Sequence[Partition]) -> Checked:
        try:
            yield from in_any_order(reader, partitions)
        finally:
            ended.append(len(partitions))

    path.write_text(text(rows(300, 4)))
    batches = iter(PartitionedReader(path, section(), check=check, pieces=1))
    next(batches)
    batches.close()
    assert len(ended) == 1
    path.write_text(text(rows(300, 4)) + '300,"1.5,2,c\n')
    with pytest.raises(DataError) as caught:
        list(PartitionedReader(path, section(), check=check, pieces=1))
    assert (caught.value.code, len(ended)) == ("unclosed_quote", 2), "before the error leaves"
