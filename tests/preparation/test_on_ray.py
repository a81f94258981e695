"""Preparation on Ray gives the dataset of one process, also where a node of the cluster is killed."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from ray_nodes import Node, end, head, installed, start_node, token

from sevenfold.contracts.errors import DataError, SevenfoldError
from sevenfold.plan import DataSection, PreparationSection
from sevenfold.preparation import on_ray
from sevenfold.preparation.prepare import prepare
from sevenfold.preparation.prepared import Prepared
from sevenfold.refine.recipe import load_recipe

__all__ = ["head", "installed", "start_node", "token"]

COLUMNS: dict[str, Any] = {
    "id": {"kind": "category", "role": "ignore"},
    "x": {"kind": "number"},
    "n": {"kind": "integer", "nullable": True},
    "c": {"kind": "category"},
    "city": {"kind": "category"},
    "day": {"kind": "datetime"},
    "y": {"kind": "category", "role": "target"},
}
UPPER = {
    "op": "core/text-transform",
    "engineConfig": {"facets": [], "mode": "row-based"},
    "columnName": "c",
    "expression": "value.toUppercase()",
    "onError": "keep-original",
}


def rows(count: int, seed: int) -> pa.Table:
    """Rows with gaps, a column of too many categories for one dictionary, refused rows, and rows that stand twice."""
    draw = random.Random(seed)
    columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for number in range(count):
        x = draw.gauss(0, 1)
        columns["id"].append(f"row {number}")
        columns["x"].append("none at all" if draw.random() < 0.01 else f"{x:.3f}")
        columns["n"].append("" if draw.random() < 0.1 else str(draw.randrange(50)))
        columns["c"].append(f"kind {draw.randrange(30)}")
        columns["city"].append(f"city {draw.randrange(6_000)}")
        columns["day"].append(f"2024-0{draw.randrange(1, 9)}-{draw.randrange(10, 29)}")
        columns["y"].append("" if draw.random() < 0.005 else "yes" if x + draw.gauss(0, 1) > 0 else "no")
    table = pa.table(columns)
    return pa.concat_tables([table, table.slice(0, count // 20)])


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """One table as two files of each format, read in some twenty partitions."""
    folder, found = tmp_path_factory.mktemp("table"), dict[str, list[Path]]()
    for number in range(2):
        table = rows(30_000, number)
        pa.csv.write_csv(table, folder / f"{number}.csv")
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=7_000)
    for kind in ("csv", "parquet"):
        found[kind] = [folder / f"{number}.{kind}" for number in range(2)]
    return found


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small files as large ones are; the tasks are told."""
    monkeypatch.setattr("sevenfold.tables.encoding.CHUNK_BYTES", 100_000)
    monkeypatch.setattr("sevenfold.tables.parquet.BATCH_ROWS", 2_000)
    monkeypatch.setattr("sevenfold.tables.parquet.PARTITION_ROWS", 4_000)
    monkeypatch.setattr("sevenfold.contracts.split_names.FILE_ROWS", 5_000)


def prepared(paths: Sequence[Path], out: Path, recipe: Any = None, **engine: Any) -> Prepared:
    data = DataSection.model_validate(
        {
            "source": "t",
            "target": "y",
            "task": "binary",
            "columns": COLUMNS,
            "max_bad_fraction": 0.1,
            "max_unlabelled": 0.1,
        }
    )
    return prepare(paths, data, PreparationSection.model_validate(engine), out, recipe=recipe)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.extended
@pytest.mark.parametrize("kind", ["csv", "parquet", "recipe"])
def test_two_nodes_give_the_dataset_of_one_process(
    kind: str, paths: dict[str, list[Path]], head: str, start_node: Callable[..., Node], tmp_path: Path
) -> None:
    node = start_node(f"--address={head}", cpus=2)
    history = tmp_path / "history.json"
    history.write_text(json.dumps([UPPER]))
    recipe = load_recipe("history.json", tmp_path, tmp_path / "work") if kind == "recipe" else None
    table = paths["csv" if recipe else kind]
    expected = prepared(table, tmp_path / "expected", recipe)
    ray = {"address": head, "tasks": 4}
    actual = prepared(table, tmp_path / "actual", recipe, engine="ray", ray=ray)
    assert actual.digest == expected.digest
    assert files_of(tmp_path / "actual") == files_of(tmp_path / "expected")
    assert actual.refused == expected.refused
    assert sum(expected.refused.values()) > 300, "rows are refused"
    assert actual.duplicates == expected.duplicates
    assert expected.duplicates is not None and expected.duplicates.exact > 1_000
    assert actual.warnings == expected.warnings
    end(node)


@pytest.mark.extended
def test_a_node_that_is_killed_in_the_middle_changes_nothing(
    paths: dict[str, list[Path]],
    head: str,
    start_node: Callable[..., Node],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = prepared(paths["csv"], tmp_path / "expected")
    node = start_node(f"--address={head}", cpus=2)
    ran = tmp_path / "ran"
    ran.mkdir()
    original, taken = on_ray._checked, list[int]()
    monkeypatch.setattr(on_ray, "_Task", slow_task(on_ray._Task, ran))

    def killing(*given: Any) -> Iterator[tuple[int, Any]]:
        for number, found in original(*given):
            yield number, found
            taken.append(number)
            if len(taken) == 5:
                own = {process.pid for process in psutil.Process(node.pid).children(recursive=True)}
                assert own & {int(path.name) for path in ran.iterdir()}, "it checked partitions"
                end(node)

    monkeypatch.setattr(on_ray, "_checked", killing)
    actual = prepared(paths["csv"], tmp_path / "actual", engine="ray", ray={"address": head, "tasks": 4})
    assert node.poll() is not None
    assert actual.digest == expected.digest


def slow_task(kind: Any, ran: Path) -> Any:
    """A task that takes its time, and leaves the number of its process."""

    class Slow(kind):
        def __call__(self, rows: pa.Table) -> Iterator[pa.Table]:
            import os
            import time

            (ran / str(os.getpid())).touch()
            for table in super().__call__(rows):
                time.sleep(0.1)
                yield table

    return Slow


@pytest.mark.extended
def test_tasks_get_the_bytes_where_the_files_are_not(
    paths: dict[str, list[Path]], head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tasks run in another folder than this process, so a relative path would lead them nowhere."""
    monkeypatch.chdir(paths["csv"][0].parent)
    given = [Path(path.name) for path in paths["csv"]]
    actual = prepared(given, tmp_path / "actual", engine="ray", ray={"address": head})
    assert actual.digest == prepared(given, tmp_path / "expected").digest


@pytest.mark.extended
def test_a_table_that_cannot_be_read_is_refused_as_in_one_process(head: str, tmp_path: Path) -> None:
    table = rows(4_000, 3)
    pa.csv.write_csv(table, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open("a") as file:
        file.write('1,"2\n')
    said = []
    for engine in ({}, {"engine": "ray", "ray": {"address": head}}):
        with pytest.raises(DataError) as caught:
            prepared([tmp_path / "t.csv"], tmp_path / "out", **engine)
        said.append((caught.value.code, str(caught.value)))
    assert said[0] == said[1]
    assert said[0][0] == "unclosed_quote"


@pytest.mark.extended
def test_a_task_that_no_node_has_room_for_is_refused(head: str, paths: dict[str, list[Path]], tmp_path: Path) -> None:
    with pytest.raises(SevenfoldError) as caught:
        prepared(paths["csv"], tmp_path / "out", engine="ray", ray={"address": head, "cpu": 64})
    assert caught.value.code == "ray_too_small"
    assert "preparation.ray.cpu" in caught.value.remedy


def test_without_ray_the_remedy_is_one_command(
    paths: dict[str, list[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SevenfoldError) as caught:
        prepared(paths["csv"], tmp_path / "out", engine="ray")
    assert (caught.value.code, caught.value.remedy) == ("no_ray", "pip install 'sevenfold[ray]'")
    assert "preparation.engine" in caught.value.message
