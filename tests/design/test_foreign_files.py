"""Files as other programs write them: `init` proposes a plan that reads them and preparation carries it out, or both
refuse by the right name."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError
from sevenfold.contracts.schema import Task
from sevenfold.design.propose import propose_plan
from sevenfold.plan import PreparationSection
from sevenfold.preparation.prepare import prepare

NAMES = ["a", "b", "y"]


def rows(count: int = 300, text: Callable[[int], str] = "t{}".format) -> list[list[str]]:
    """Rows whose target no column tells: a number, a text of three, a label."""
    return [[str((i * 37) % 101), text(i % 3), "ja" if (i * 7919) % 10 < 4 else "nein"] for i in range(count)]


def written_as(table: Sequence[Sequence[str]], names: Sequence[str] = NAMES, **style: Any) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", **style).writerows([names, *table])
    return stream.getvalue()


def values(tmp_path: Path, name: str) -> list[Any]:
    splits = [tmp_path / "dataset" / f"{split}.parquet" for split in ("train", "validation", "test")]
    return [value for path in splits for value in pq.read_table(path)[name].to_pylist()]


def quarantine(tmp_path: Path) -> list[tuple[int, str, str]]:
    table = pq.read_table(tmp_path / "dataset" / "quarantine.parquet").to_pylist()
    return [(row["row"], row["column"], row["code"]) for row in table]


@pytest.mark.parametrize("first", ["x^", "x\x01", "xڜ", "xژ", "\ufeff"])
def test_a_first_field_like_a_packed_streams_beginning(written, accept, tmp_path, first):
    """Polars takes the bytes 78 5E, 78 01, 78 DA for zlib, and skips EF BB BF."""
    body = [[first + text, number, label] for number, text, label in rows()]
    _, prepared = accept(written(written_as(body)), "y")
    assert prepared.kept == 300
    assert sorted(set(values(tmp_path, "a"))) == sorted({first + "t0", first + "t1", first + "t2"})


@pytest.mark.parametrize("name", ["x^2", "ORC", "ARROW1", "BZh", "PAR1", "SQLite format 3"])
def test_a_header_like_another_formats_beginning(written, accept, name):
    proposal, prepared = accept(written(written_as(rows(), [name, "b", "y"])), "y")
    assert list(proposal.plan.data.columns) == [name, "b", "y"]
    assert prepared.kept == 300


@pytest.mark.parametrize("again", ["a,b,y", '"a","b","y"', " a , b, y ", "\ufeffa,b,y", '\ufeff"a",b,y', '"a", "b" ,y'])
def test_a_header_in_the_middle_is_no_row(written, accept, tmp_path, again):
    lines = written_as(rows()).splitlines()
    lines.insert(101, again)
    lines.append(again)
    proposal, prepared = accept(written("\n".join(lines) + "\n"), "y")
    assert proposal.plan.data.task is Task.BINARY
    assert proposal.plan.data.columns["a"].kind.value == "integer"
    assert (proposal.findings.profile.rows, proposal.findings.profile.repeated_headers) == (300, 2)
    assert prepared.kept == 300
    assert prepared.refused == {"repeated_header": 2}
    assert quarantine(tmp_path) == [(102, "", "repeated_header"), (303, "", "repeated_header")]
    assert "repeated 2 times" in " ".join(prepared.warnings)


def test_parts_of_two_rows_each_are_read(written, accept):
    """So many headers are more than a hundredth of the lines, and still no bad rows."""
    lines = written_as(rows()).splitlines()
    parts = [line for at in range(1, 301, 2) for line in (lines[0], *lines[at : at + 2])]
    _, prepared = accept(written("\n".join(parts) + "\n"), "y")
    assert (prepared.kept, prepared.refused) == (300, {"repeated_header": 149})


@pytest.mark.parametrize("other", ["b,a,y", '"y","b","a"', "\ufeffy,a,b", 'y, "a",b'])
def test_a_header_in_another_order_ends_the_reading(written, accept, other):
    """The rows after it would have their values in other columns."""
    lines = written_as(rows()).splitlines()
    lines.insert(101, other)
    with pytest.raises(DataError, match=r"table\.csv:102 has its names in another order") as caught:
        propose_plan(written("\n".join(lines) + "\n"), "y")
    assert caught.value.code == "header_changed"


def test_a_row_that_begins_like_the_header_is_a_row(written, accept):
    body = [["a", "b", label] for _, _, label in rows(150)] + [["c", "d", label] for _, _, label in rows(150)]
    _, prepared = accept(written(written_as(body)), "y")
    assert (prepared.kept, prepared.refused) == (300, {})


@pytest.mark.parametrize("good", ["plain", "größe"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_one_row_of_another_encoding_goes_to_quarantine(written, accept, tmp_path, good, quoting):
    lines = written_as(rows(text=(good + "{}").format), quoting=quoting).encode().splitlines(keepends=True)
    lines[41] = b"5,caf\xe9,ja\n"
    proposal, prepared = accept(written(b"".join(lines)), "y")
    assert proposal.plan.data.encoding == "utf-8"
    assert prepared.kept == 299
    assert quarantine(tmp_path) == [(42, "b", "encoding")]
    shown = pq.read_table(tmp_path / "dataset" / "quarantine.parquet")["value"].to_pylist()
    assert shown == ["caf\\xe9"]
    assert sorted(set(values(tmp_path, "b"))) == [f"{good}{i}" for i in range(3)]


WORDS = {
    "shift_jis": ("東京", "大阪", "ひらがな"),
    "cp1250": ("Łódź", "żółty", "Gdańsk"),
    "cp1252": ("Zürich", "café", "naïve"),
    "gb18030": ("北京", "上海", "广州"),
    "cp1251": ("Москва", "Казань", "Тула"),
    "koi8-r": ("Москва", "Казань", "Тула"),
}


@pytest.mark.parametrize("encoding", WORDS)
@pytest.mark.parametrize("share", [1, 20])
def test_another_encoding_is_asked_for_and_then_read(written, accept, tmp_path, encoding, share):
    """Whether all rows or one in twenty have such letters: never a guess, and never those rows alone left out."""
    body = [[a, WORDS[encoding][i % 3] if i % share == 0 else "x", y] for i, (a, _, y) in enumerate(rows())]
    path = written(written_as(body).encode(encoding))
    with pytest.raises(DataError, match="--encoding") as caught:
        propose_plan(path, "y")
    assert caught.value.code == "encoding"
    assert encoding in caught.value.remedy
    proposal, prepared = accept(path, "y", encoding)
    assert proposal.plan.data.encoding == encoding
    assert prepared.kept == 300
    assert set(values(tmp_path, "b")) == {*WORDS[encoding]} | ({"x"} if share > 1 else set())


def test_a_plan_of_another_encoding_is_refused_as_such(written, accept, tmp_path):
    """A hundredth of the rows may be bad, but not those with other letters where no row has letters of UTF-8."""
    body = [[a, "café" if i % 200 == 0 else "x", y] for i, (a, _, y) in enumerate(rows(2_000))]
    path = written(written_as(body).encode("cp1252"))
    plan = propose_plan(path, "y", encoding="cp1252").plan
    with pytest.raises(DataError) as caught:
        prepare(path, plan.data.replaced(encoding="utf-8"), PreparationSection(), tmp_path / "out")
    assert caught.value.code == "encoding"
    assert f"byte {path.read_bytes().index(0xE9)} (0xE9)" in caught.value.message


def test_a_bad_byte_of_a_declared_encoding_goes_to_quarantine(written, accept, tmp_path):
    lines = written_as(rows(text="東京{}".format)).encode("shift_jis").splitlines(keepends=True)
    lines[41] = b"5,\xa0\x82,ja\n"
    _, prepared = accept(written(b"".join(lines)), "y", "shift_jis")
    assert prepared.kept == 299
    assert quarantine(tmp_path) == [(42, "b", "encoding")]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_excels_first_line_is_read(written, accept, line):
    proposal, prepared = accept(written(f"{line}\r\n" + written_as(rows(), delimiter=";")), "y")
    assert proposal.plan.data.delimiter == ";"
    assert list(proposal.plan.data.columns) == NAMES
    assert prepared.kept == 300


def test_a_bad_byte_of_a_sensitive_column_is_not_shown(written, tmp_path):
    lines = written_as(rows()).encode().splitlines(keepends=True)
    lines[41] = b"5,secret\xe9,ja\n"
    path = written(b"".join(lines))
    data = propose_plan(path, "y").plan.data
    columns = {**data.columns, "b": data.columns["b"].model_copy(update={"sensitive": True})}
    prepare(path, data.model_copy(update={"columns": columns}), PreparationSection(), tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert [(row["column"], row["code"], row["value"]) for row in table] == [("b", "encoding", None)]


def test_excels_first_line_against_the_plan(written, tmp_path):
    path = written("sep=;\n" + written_as(rows(), delimiter=";"))
    data = propose_plan(path, "y").plan.data.replaced(delimiter="|")
    with pytest.raises(DataError, match="sep=;"):
        prepare(path, data, PreparationSection(), tmp_path / "out")


def test_lines_are_counted_from_excels_first_line(written, accept, tmp_path):
    lines = written_as(rows(), delimiter=";").splitlines()
    lines[10] = "1;2"
    accept(written("\n".join(["sep=;", *lines]) + "\n"), "y")
    assert quarantine(tmp_path) == [(12, "", "ragged_row")]


def test_a_delimiter_of_two_signs_is_named(written):
    text = written_as(rows(), delimiter="|").replace("|", "||")
    with pytest.raises(DataError, match=r"by two: '\|\|'") as caught:
        propose_plan(written(text), "y")
    assert caught.value.code == "delimiter"


@pytest.mark.parametrize("header", ["a;b;y;", "a;b;y"])
@pytest.mark.parametrize("end", [";", ';""'])
def test_a_delimiter_at_the_end_of_every_row(written, accept, tmp_path, header, end):
    lines = [f"{line}{end}" for line in written_as(rows(), delimiter=";").splitlines()[1:]]
    lines[20] = "1;t1;ja;more"
    lines[30] = header
    proposal, prepared = accept(written("\n".join([header, *lines]) + "\n"), "y")
    assert list(proposal.plan.data.columns) == NAMES
    assert prepared.kept == 298
    assert quarantine(tmp_path) == [(22, "", "ragged_row"), (32, "", "repeated_header")]
    assert sorted(set(values(tmp_path, "b"))) == ["t0", "t1", "t2"]


def test_a_last_column_with_values_needs_a_name(written):
    text = "a,b,y,\n" + "".join(f"{','.join(row)},{i}\n" for i, row in enumerate(rows()))
    with pytest.raises(DataError) as caught:
        propose_plan(written(text), "y")
    assert caught.value.code == "empty_column_name"


STYLES = {
    "backslash": ('say "{}", or', {"doublequote": False, "escapechar": "\\"}, {"escape": "\\"}),
    "single": ("one, two {}", {"quotechar": "'"}, {"quote": "'"}),
    "single all": ("x{}", {"quotechar": "'", "quoting": csv.QUOTE_ALL}, {"quote": "'"}),
}


@pytest.mark.parametrize("style", STYLES)
def test_other_quotes_are_proposed_and_read(written, accept, tmp_path, style):
    text, wrote, key = STYLES[style]
    body = [[a, text.format(i % 3) if i % 3 else "plain", y] for i, (a, _, y) in enumerate(rows())]
    proposal, prepared = accept(written(written_as(body, **wrote)), "y")
    data = proposal.plan.data
    assert {name: getattr(data, name) for name in key} == key
    assert "Only so do all records" in proposal.text
    assert prepared.kept == 300
    assert set(values(tmp_path, "b")) == {"plain", text.format(1), text.format(2)}


def test_a_space_before_quotes_is_proposed_and_read(written, accept, tmp_path):
    lines = [f'{a}, "b, {b}", {y}' if int(a) % 3 else f"{a}, {b}, {y}" for a, b, y in rows()]
    proposal, prepared = accept(written("\n".join(["a, b, y", *lines]) + "\n"), "y")
    assert proposal.plan.data.skip_initial_space
    assert prepared.kept == 300
    assert set(values(tmp_path, "b")) == {"b, t0", "b, t1", "b, t2", "t0", "t1", "t2"}


@pytest.mark.parametrize("style", ["backslash", "single"])
def test_a_plan_without_the_quotes_is_refused_with_their_name(written, accept, tmp_path, style):
    text, wrote, key = STYLES[style]
    body = [[a, text.format(i % 3) if i % 3 == 0 else "plain", y] for i, (a, _, y) in enumerate(rows())]
    path = written(written_as(body, **wrote))
    data = propose_plan(path, "y").plan.data.model_copy(update={"quote": '"', "escape": ""})
    with pytest.raises(DataError) as caught:
        prepare(path, data, PreparationSection(), tmp_path / "out")
    assert caught.value.code in ("too_many_bad_rows", "unclosed_quote")
    assert f"data.{next(iter(key))}: " in caught.value.remedy


def test_unquoted_delimiters_are_named(written, tmp_path):
    lines = [f"{a},{b}, and more,{y}" if int(a) % 3 == 0 else f"{a},{b},{y}" for a, b, y in rows()]
    path = written("\n".join(["a,b,y", *lines]) + "\n")
    data = propose_plan(written(written_as(rows()), "good.csv"), "y").plan.data
    with pytest.raises(DataError, match="put fields that hold ',' in quotes") as caught:
        prepare(path, data, PreparationSection(), tmp_path / "out")
    assert caught.value.code == "too_many_bad_rows"


def test_apostrophes_are_no_quotes(written, accept, tmp_path):
    """Nor are backslashes that stand before no quote, nor is one row in three hundred a dialect."""
    body = [[a, f"'s-{b}\\", y] for a, b, y in rows()]
    proposal, prepared = accept(written(written_as(body) + '1,"5\\" pipe",ja\n'), "y")
    assert (proposal.plan.data.quote, proposal.plan.data.escape) == ('"', "")
    assert prepared.refused == {"stray_quote": 1}
    assert set(values(tmp_path, "b")) == {"'s-t0\\", "'s-t1\\", "'s-t2\\"}


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "t.csv"])
def test_a_packed_table_is_the_table(written, accept, tmp_path, pack, name):
    text = written_as(rows(text="größe {}".format)).encode()
    middle = text.index(b"\n", 1_000) + 1
    _, plain = accept(written(text, "plain.csv"), "y")
    proposal, prepared = accept(written(pack(text[:middle]) + pack(text[middle:]), name), "y")
    assert prepared.kept == 300
    assert prepared.digest == plain.digest
    assert proposal.plan.data.encoding == "utf-8"


def test_parquet_that_is_packed_again_is_refused(written, code_of):
    stream = io.BytesIO()
    pl.DataFrame({"a": [1, 2], "y": [0, 1]}).write_parquet(stream)
    assert code_of(lambda: propose_plan(written(gzip.compress(stream.getvalue())), "y")) == "not_text"
