"""A table in several files: one plan, one dataset and one quarantine, whatever the number of files."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.contracts.schema import Column, Kind, Role
from sevenfold.design.parameters import Parameters, load_sample
from sevenfold.design.propose import init_project, propose_plan
from sevenfold.plan import load_plan
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.stage import run_preparation
from sevenfold.tables.sources import resolve_sources, sources_text, table_digest

ROWS = [(i, (i * 37) % 101 / 8, f"t{i % 3}", "ja" if (i * 7919) % 10 < 4 else "nein") for i in range(900)]
NAMES = ("id", "a", "b", "y")


def write(path: Path, rows: list[tuple[object, ...]], names: tuple[str, ...] = NAMES) -> Path:
    """Write some rows, columns in the order of `names`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(rows, NAMES, orient="row").select(names)
    frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)
    return path


@pytest.fixture(params=["csv", "parquet"])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Three files, written in another order than that of their names, one with its columns in another order."""
    kind, folder = request.param, tmp_path / "parts"
    for name, at, names in [("c", 600, NAMES), ("a", 0, NAMES), ("b", 300, ("y", "b", "id", "a"))]:
        write(folder / f"{name}.{kind}", ROWS[at : at + 300], names)
    return [folder / f"{name}.{kind}" for name in "abc"]


def test_a_pattern_is_the_table_in_one_file(parts, tmp_path):
    whole = write(tmp_path / f"whole{parts[0].suffix}", ROWS)
    expected = propose_plan(whole, "y")
    made = propose_plan(tmp_path / "parts" / f"*{parts[0].suffix}", "y")
    assert made.plan.data.columns == expected.plan.data.columns
    assert made.plan.data.source == str(tmp_path / "parts" / f"*{parts[0].suffix}")
    assert made.plan.name == "parts"
    assert made.findings.profile.columns == expected.findings.profile.columns
    datasets = []
    for table in (whole, parts, resolve_sources(made.plan.data.source, Path(), tmp_path / "work")):
        assert prepare(table, made.plan.data, made.plan.preparation, tmp_path / "out").kept == 900
        files = sorted((tmp_path / "out").iterdir())
        datasets.append(
            [path.read_bytes() for path in files if path.name not in ("quarantine.parquet", "manifest.json")]
        )
    assert datasets[0] == datasets[1] == datasets[2]


def test_files_of_a_pattern_come_by_name(parts, tmp_path):
    assert list(resolve_sources(f"parts/*{parts[0].suffix}", tmp_path, tmp_path / "work")) == parts
    assert list(resolve_sources("parts/?.*", tmp_path, tmp_path / "work")) == parts
    assert list(resolve_sources("**/*.*", tmp_path, tmp_path / "work")) == parts


def test_a_folder_with_signs_of_patterns_is_a_folder(tmp_path):
    path = write(tmp_path / "a[1]*" / "x.csv", ROWS)
    assert resolve_sources("a[1]*/*.csv", tmp_path, tmp_path) == (path,)
    assert resolve_sources(str(tmp_path / "a[1]*" / "[xy].csv"), Path("/"), tmp_path) == (path,)
    odd = write(tmp_path / "[x].csv", ROWS)
    assert resolve_sources("[x].csv", tmp_path, tmp_path) == (odd,)
    assert resolve_sources((tmp_path / "a[1]*").as_uri() + "/*.csv", Path("/"), tmp_path) == (path,)


def test_the_digest_covers_all_files_and_their_order(parts):
    digests = {table_digest(parts), table_digest(parts[::-1]), table_digest(parts[:2]), table_digest(parts[:1])}
    assert len(digests) == 4
    assert table_digest(parts) == table_digest(list(parts))


def test_a_changed_part_is_not_the_table(parts, tmp_path, code_of):
    plan = propose_plan(parts, "y").plan
    data = plan.data.replaced(digest=table_digest(parts))
    prepare(parts, data, plan.preparation, tmp_path / "out")
    write(parts[1], ROWS[:10])
    assert code_of(lambda: prepare(parts, data, plan.preparation, tmp_path / "out")) == "digest_mismatch"


def test_the_quarantine_names_the_file(tmp_path):
    files = [write(tmp_path / f"{name}.csv", ROWS[at : at + 300]) for name, at in [("a", 0), ("b", 300), ("c", 600)]]
    for path, line in ((files[2], 5), (files[0], 9), (files[2], 3)):
        lines = path.read_text().splitlines()
        lines[line - 1] = "1,2"
        path.write_text("\n".join(lines) + "\n")
    plan = propose_plan(files, "y").plan
    prepared = prepare(files, plan.data, plan.preparation, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert [(row["file"], row["row"]) for row in rows] == [("a.csv", 9), ("c.csv", 3), ("c.csv", 5)]
    assert prepared.source == "a.csv and 2 more"


def test_files_of_one_name_are_told_apart(tmp_path):
    files = [write(tmp_path / day / "t.csv", ROWS[at : at + 300]) for day, at in [("monday", 0), ("tuesday", 300)]]
    files[1].write_text(files[1].read_text() + "1,2\n")
    plan = propose_plan(files, "y").plan
    prepare(files, plan.data, plan.preparation, tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / "quarantine.parquet")
    assert table["file"].to_pylist() == ["tuesday/t.csv"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("rename", "message"),
    [({"a": "z"}, "lacks 'a' and has 'z' besides"), ({"a": "A"}, "lacks 'a' and has 'A' besides")],
)
def test_a_file_with_other_columns_is_refused_by_name(tmp_path, kind, rename, message):
    files = [write(tmp_path / f"{name}.{kind}", ROWS[:300]) for name in "ab"]
    plan = propose_plan(files, "y").plan
    frame = pl.DataFrame(ROWS[:300], NAMES, orient="row").rename(rename)
    frame.write_csv(files[1]) if kind == "csv" else frame.write_parquet(files[1])
    with pytest.raises(DataError, match=message) as caught:
        propose_plan(files, "y")
    assert caught.value.code == "part_columns"
    with pytest.raises(DataError, match=f"b.{kind}"):
        prepare(files, plan.data, plan.preparation, tmp_path / "out")


def test_a_column_that_only_some_files_have_is_refused_though_it_is_ignored(tmp_path):
    files = [write(tmp_path / f"{name}.csv", ROWS[at : at + 300]) for name, at in [("a", 0), ("b", 300)]]
    plan = propose_plan(files, "y").plan
    columns = {**plan.data.columns, "id": Column(kind=Kind.INTEGER, role=Role.IGNORE)}
    write(files[1], ROWS[300:600], ("a", "b", "y"))
    with pytest.raises(DataError, match=r"b\.csv lacks 'id'") as caught:
        prepare(files, plan.data.model_copy(update={"columns": columns}), plan.preparation, tmp_path / "out")
    assert caught.value.code == "part_columns"


def test_two_formats_are_refused(tmp_path, code_of):
    files = [write(tmp_path / "a.csv", ROWS[:300]), write(tmp_path / "b.parquet", ROWS[300:])]
    assert code_of(lambda: propose_plan(files, "y")) == "part_format"
    plan = propose_plan(files[0], "y").plan
    assert code_of(lambda: prepare(files, plan.data, plan.preparation, tmp_path / "out")) == "part_format"


def test_numbers_of_two_widths_are_numbers_and_texts_are_not(tmp_path, code_of):
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    frame = pl.DataFrame(ROWS, NAMES, orient="row")
    frame.with_columns(pl.col("id").cast(pl.Int32), pl.col("a").cast(pl.Float32)).write_parquet(files[0])
    frame.write_parquet(files[1])
    assert propose_plan(files, "y").plan.data.columns["a"].kind.value == "number"
    frame.with_columns(pl.concat_list("a")).write_parquet(files[1])
    with pytest.raises(DataError, match=r"'a' is Float32 in a\.parquet and List\(Float64\) in b\.parquet") as caught:
        propose_plan(files, "y")
    assert caught.value.code == "part_type"


def test_an_empty_part_is_no_error_but_an_empty_table_is(tmp_path, code_of):
    files = [write(tmp_path / "a.csv", ROWS), write(tmp_path / "b.csv", [])]
    plan = propose_plan(files, "y").plan
    assert prepare(files, plan.data, plan.preparation, tmp_path / "out").kept == 900
    assert code_of(lambda: propose_plan([files[1], write(tmp_path / "c.csv", [])], "y")) == "no_rows"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("parts/*.txt", "missing_file"),
        ("parts", "missing_file"),
        (("a.csv", "a.csv"), "duplicate_file"),
        (("a.csv", "?.csv"), "duplicate_file"),
        (("a.csv", "none.csv"), "missing_file"),
    ],
)
def test_sources_that_name_no_table(tmp_path, code_of, source, code):
    write(tmp_path / "a.csv", ROWS)
    (tmp_path / "parts").mkdir()
    assert code_of(lambda: resolve_sources(source, tmp_path, tmp_path / "work")) == code


def test_a_pattern_of_addresses_is_refused(tmp_path):
    with pytest.raises(PolicyError) as caught:
        resolve_sources("s3://bucket/parts/*.csv", tmp_path, tmp_path / "work")
    assert caught.value.code == "source_pattern"


def test_a_folder_is_called_one_and_the_pattern_is_named(tmp_path):
    with pytest.raises(DataError, match=r"is a folder\..*/\*\.csv"):
        propose_plan(tmp_path, "y")


@pytest.mark.parametrize("several", [False, True])
def test_a_plan_names_its_files_from_its_folder(parts, tmp_path, monkeypatch, several):
    given = parts if several else tmp_path / "parts" / f"*{parts[0].suffix}"
    plan = load_plan(init_project(given, "y", tmp_path / "plans").path)
    names = tuple(f"../parts/{path.name}" for path in parts)
    assert plan.data.source == (names if several else f"../parts/*{parts[0].suffix}")
    located = plan.located(tmp_path / "plans")
    assert list(resolve_sources(located.data.sources, Path("/"), tmp_path)) == parts
    monkeypatch.chdir(tmp_path / "plans")
    sample = load_sample(Parameters(table=sources_text(located.data.sources), data=plan.data))
    assert len(sample) == 900


def test_the_stage_takes_a_list_as_text(parts, tmp_path):
    plan = propose_plan(parts, "y").plan
    sections = {name: getattr(plan, name).model_dump(mode="json") for name in ("data", "refine", "preparation")}
    prepared = run_preparation(
        sources_text([str(path) for path in parts]),
        table_digest(parts),
        json.dumps({**sections, "max_features": 50}),
        out=tmp_path / "out",
        page=tmp_path / "page.html",
        summary=tmp_path / "page.md",
    )
    assert prepared.kept == 900
