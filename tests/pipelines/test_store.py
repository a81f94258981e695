import os
from pathlib import Path

import pytest

from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.pipelines.inputs import carry_inputs
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def store(root: Path) -> Store:
    return Store(f"file://{root}")


def left(root: Path, path: str, text: str, age: float = 0) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, (1e9 - age, 1e9 - age))


def test_of_a_repeated_task_the_last_attempt_counts(store: Store, root: Path, tmp_path: Path) -> None:
    left(root, "demo/run/train-model/b/bundle/x.json", "new")
    left(root, "demo/run/train-model/b/bundle/deep/y.json", "new")
    left(root, "demo/run/train-model/a/bundle/x.json", "old", age=60)
    left(root, "demo/run/train-model/a/bundle/z.json", "old", age=60)
    assert store.bring("demo/run/train-model", "bundle", tmp_path / "bundle")
    brought = {str(p.relative_to(tmp_path / "bundle")): p.read_text() for p in (tmp_path / "bundle").rglob("*.json")}
    assert brought == {"x.json": "new", "deep/y.json": "new"}


def test_a_file_stays_a_file(store: Store, root: Path, tmp_path: Path) -> None:
    left(root, "demo/run/train-model/a/report", "<html>")
    assert store.bring("demo/run/train-model", "report", tmp_path / "page")
    assert (tmp_path / "page").read_text() == "<html>"


def test_what_is_not_there_is_said(store: Store, tmp_path: Path) -> None:
    assert not store.bring("demo/run/train-model", "report", tmp_path / "page")
    assert store.log("demo/run/train-model") == ""
    assert not (tmp_path / "page").exists()


def test_a_file_is_stored_under_its_digest_once(store: Store, root: Path, tmp_path: Path) -> None:
    table = tmp_path / "a b.csv"
    table.write_text("x\n1\n")
    address = store.put(table)
    stored = Path(address.removeprefix("file://"))
    assert stored.read_text() == "x\n1\n"
    os.utime(stored, (1, 1))
    assert store.put(table) == address
    assert stored.stat().st_mtime == 1
    table.write_text("x\n2\n")
    assert store.put(table) != address


def test_a_root_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="pipeline root"):
        Store("nowhere")


def test_local_files_are_replaced_by_addresses(store: Store, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text("a,y\n1,p\n")
    (tmp_path / "n.ipynb").write_text("{}")
    noted = plan.model_copy(update={"design": plan.design.model_copy(update={"notebook": "n.ipynb"})})
    told: list[str] = []
    carried, digest = carry_inputs(noted, tmp_path, store, told.append)
    assert digest.removeprefix("sha256:") in carried.data.source
    assert Path(carried.design.notebook.removeprefix("file://")).read_text() == "{}"
    assert told[0].startswith("demo.csv, 8 bytes, goes to file://")
    assert carried.model_digest == noted.model_digest


def test_a_missing_table_sends_nothing(store: Store, root: Path, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"demo\.csv"):
        carry_inputs(plan, tmp_path, store, lambda text: None)
    assert not list(root.iterdir())


def test_a_model_source_is_refused_before_anything_goes(store: Store, root: Path, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text("a,y\n1,p\n")
    ours = plan.model_copy(update={"training": plan.training.model_copy(update={"source": "ours.py"})})
    with pytest.raises(PolicyError, match=r"ours\.py"):
        carry_inputs(ours, tmp_path, store, lambda text: None)
    assert not list(root.iterdir())
