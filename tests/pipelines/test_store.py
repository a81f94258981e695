import json
import os
from pathlib import Path

import pytest

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, IntegrityError, PolicyError, TemporaryError, TrainingError
from sevenfold.pipelines.inputs import carry_inputs
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.store import Store
from sevenfold.plan import Plan
from sevenfold.refine.recipe import load_recipe
from sevenfold.tables.sources import table_digest
from sevenfold.training.source import load_source


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
    assert store.logs("demo/run/train-model") == []
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
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    (tmp_path / "n.ipynb").write_text("{}")
    noted = plan.model_copy(update={"design": plan.design.model_copy(update={"notebook": "n.ipynb"})})
    messages: list[str] = []
    carried = carry_inputs(noted, tmp_path, store, messages.append)
    assert carried.data.digest.removeprefix("sha256:") in carried.data.source
    assert Path(carried.design.notebook.removeprefix("file://")).read_text() == "{}"
    assert messages[0].startswith("demo.csv, 12 bytes, goes to file://")
    assert carried.model_digest == noted.model_digest


def test_a_recipe_travels_with_its_digest(store: Store, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text("A,b,y\n1,0,p\n")
    rename = {"op": "core/column-rename", "oldColumnName": "A", "newColumnName": "a"}
    (tmp_path / "history.json").write_text(json.dumps([rename]))
    named = plan.model_copy(update={"refine": plan.refine.model_copy(update={"recipe": "history.json"})})
    carried = carry_inputs(named, tmp_path, store, lambda text: None)
    recipe = load_recipe(carried.refine.recipe, Path("/nowhere"), Path("/nowhere"))
    assert recipe.digest == file_digest(tmp_path / "history.json")
    before = stage_settings(carried)
    assert carried.refine.recipe in before["prepare_data"] and carried.refine.recipe in before["explore_data"]
    (tmp_path / "history.json").write_text(json.dumps([rename, rename]))
    with pytest.raises(DataError, match="Step 1"):  # nothing is sent that the header shows to be wrong
        carry_inputs(named, tmp_path, store, lambda text: None)
    (tmp_path / "history.json").write_text(json.dumps([rename], indent=1))
    after = stage_settings(carry_inputs(named, tmp_path, store, lambda text: None))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"explore_data", "prepare_data"}


def test_a_missing_table_sends_nothing(store: Store, root: Path, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"demo\.csv"):
        carry_inputs(plan, tmp_path, store, lambda text: None)
    assert not list(root.iterdir())


def with_data(plan: Plan, **changes: object) -> Plan:
    return plan.model_copy(update={"data": plan.data.model_copy(update=changes)})


def with_source(plan: Plan, source: str) -> Plan:
    return plan.model_copy(update={"training": plan.training.model_copy(update={"source": source})})


def test_a_package_of_code_arrives_as_it_was(store: Store, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    ours = tmp_path / "ours"
    (ours / "__pycache__").mkdir(parents=True)
    (ours / "__pycache__" / "x.pyc").write_bytes(b"x")
    (ours / "__init__.py").write_text("from .parts import WIDTH\n\ndef build_model(signature):\n    return WIDTH\n")
    (ours / "parts.py").write_text("WIDTH = 7\n")
    (ours / "words.txt").write_text("a word")
    named = with_source(plan, "ours")
    messages: list[str] = []
    carried = carry_inputs(named, tmp_path, store, messages.append)
    assert any("ours.zip" in line for line in messages)
    here, there = load_source(str(ours)), load_source(carried.training.source)
    assert there.digest == here.digest
    assert there.build_model(None) == 7
    assert carried.model_digest == named.model_digest
    assert carry_inputs(named, tmp_path, store, messages.append) == carried, "the same files have the same address"
    (ours / "words.txt").write_text("another")
    assert carry_inputs(named, tmp_path, store, messages.append).training.source != carried.training.source


def test_code_that_was_changed_on_the_way_does_not_run(store: Store, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    (tmp_path / "ours.py").write_text("def build_model(signature): ...\n")
    address = carry_inputs(with_source(plan, "ours.py"), tmp_path, store, lambda text: None).training.source
    left_there = Path(address.removeprefix("file://").partition("#")[0])
    left_there.write_text("raise SystemExit('run')\n")
    with pytest.raises(IntegrityError, match="must have the digest"):
        load_source(address)
    with pytest.raises(TrainingError, match="needs a digest"):
        load_source(address.partition("#")[0])


def test_code_that_is_not_there_stops_before_anything_goes(
    store: Store, root: Path, plan: Plan, tmp_path: Path
) -> None:
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    with pytest.raises(TrainingError, match=r"ours\.py"):
        carry_inputs(with_source(plan, "ours.py"), tmp_path, store, lambda text: None)
    assert not list(root.iterdir())


def test_a_table_with_another_digest_than_the_plan_names_is_not_sent(store: Store, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "demo.csv").write_text("a,b,y\n1,0,p\n")
    named = with_data(plan, digest=f"sha256:{'0' * 64}")
    with pytest.raises(DataError, match="must have the digest"):
        carry_inputs(named, tmp_path, store, lambda text: None)


def test_a_table_on_a_volume_needs_its_digest(store: Store, root: Path, plan: Plan, tmp_path: Path) -> None:
    mounted = with_data(plan, volume="tables", source="file:///mnt/data/deep/demo.csv")
    with pytest.raises(PolicyError, match="must name its digest"):
        carry_inputs(mounted, tmp_path, store, lambda text: None)
    digest = f"sha256:{'1' * 64}"
    carried = carry_inputs(with_data(mounted, digest=digest), tmp_path, store, lambda text: None)
    assert (carried.data.source, carried.data.digest) == (mounted.data.source, digest)
    assert not list(root.iterdir())
    with pytest.raises(PolicyError, match=r"below file:///mnt/data/"):
        carry_inputs(with_data(mounted, source="file:///etc/passwd"), tmp_path, store, lambda text: None)


def test_a_repeated_run_pins_no_table_that_lies_elsewhere(store: Store, plan: Plan, tmp_path: Path) -> None:
    remote = with_data(plan, source="s3://ours/latest.csv")
    assert carry_inputs(remote, tmp_path, store, lambda text: None, repeated=True).data.digest == ""


@pytest.mark.parametrize("source", [("b.csv", "a.csv"), "?.csv"])
def test_every_file_of_a_table_is_sent(store: Store, plan: Plan, tmp_path: Path, source: str | tuple[str, ...]) -> None:
    texts = {"a.csv": "a,b,y\n1,0,p\n", "b.csv": "a,b,y\n2,0,q\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    carried = carry_inputs(with_data(plan, source=source), tmp_path, store, lambda text: None)
    order = ["b.csv", "a.csv"] if isinstance(source, tuple) else ["a.csv", "b.csv"]
    sent = [Path(address.removeprefix("file://")) for address in carried.data.source]
    assert [path.read_text() for path in sent] == [texts[name] for name in order]
    assert carried.data.digest == table_digest([tmp_path / name for name in order])
    assert carried.data.digest == table_digest(sent)


def test_files_here_and_elsewhere_are_not_one_table(store: Store, root: Path, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,y\n1,0,p\n")
    with pytest.raises(PolicyError, match="Copy them to one side"):
        carry_inputs(with_data(plan, source=("a.csv", "s3://ours/b.csv")), tmp_path, store, lambda text: None)
    assert not list(root.iterdir())


def test_every_file_on_a_volume_lies_on_it(store: Store, plan: Plan, tmp_path: Path) -> None:
    digest, inside = f"sha256:{'1' * 64}", "file:///mnt/data/a.csv"
    mounted = with_data(plan, volume="tables", source=(inside, "file:///etc/b.csv"), digest=digest)
    with pytest.raises(PolicyError, match=r"b\.csv"):
        carry_inputs(mounted, tmp_path, store, lambda text: None)
    both = with_data(mounted, source=(inside, "file:///mnt/data/b.csv"))
    assert carry_inputs(both, tmp_path, store, lambda text: None).data == both.data


def test_a_store_that_fails_at_the_first_look_is_a_passing_fault(store: Store, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a")
    root.rmdir()
    root.write_text("a file where the store was")
    for write in (lambda: store.put(path), lambda: store.fill("deep/key", b"a")):
        with pytest.raises(TemporaryError) as caught:
            write()
        assert caught.value.code == "store_write"
