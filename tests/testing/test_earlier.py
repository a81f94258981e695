"""A retrained model is compared on the newest rows, which must gain, and on the earlier ones, which must not lose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.metrics import roc_auc_score

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.evaluation import Evaluation, GateResult
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.plan.testing import TestingSection
from sevenfold.testing.earlier import EARLIER, NEWEST, NEWEST_CONSTANT, earlier_gates
from sevenfold.testing.evaluate import evaluate
from sevenfold.testing.rivals import Rival
from sevenfold.testing.stage import run_test

MakeBundle = Callable[..., Bundle]
MakeDataset = Callable[..., Dataset]
SECTION = TestingSection(max_slice_gap=1)


def earlier(dataset: Dataset, forgetting: float = 0.02) -> Earlier:
    return Earlier(dataset=str(dataset.folder), digest=dataset.digest, max_forgetting=forgetting)


def turned(split: str, rows: pa.Table) -> pa.Table:
    """A world in which x works the other way round."""
    return rows.set_column(rows.schema.get_field_index("x"), "x", pc.negate(rows.column("x")))


def gates(
    candidate: Bundle, serving: Bundle, newest: Dataset, before: Dataset, forgetting: float = 0.02
) -> dict[str, GateResult]:
    made = earlier_gates(candidate, serving, newest, earlier(before, forgetting), "roc_auc", SECTION)
    return {gate.name: gate for gate in made}


def test_what_gains_on_new_rows_and_holds_the_old_passes(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    good, blunt = make_bundle(), make_bundle(slope=0.2, name="blunt")
    made = gates(good, blunt, make_dataset(seed=2, name="new"), make_dataset(seed=1, name="old"))
    assert {name: gate.verdict for name, gate in made.items()} == dict.fromkeys(
        (NEWEST, NEWEST_CONSTANT, EARLIER), "passed"
    )
    assert made[NEWEST].sentence.startswith("On the 2,000 newest test rows: roc_auc is 0.")
    assert [gate.kind for gate in made.values()] == ["serving", "baseline", "serving"]


def test_the_gap_is_that_of_an_independent_score(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    new, old = make_dataset(seed=2, name="new"), make_dataset(seed=1, name="old")
    made = gates(make_bundle(), make_bundle(slope=0.2, name="blunt"), new, old)
    for name, dataset in ((NEWEST, new), (EARLIER, old)):
        rows = dataset.table("test").to_pylist()
        shift = np.array([{"a": 1.0, "b": -1.0}.get(row["kind"] or "", 0.0) for row in rows])
        x, truth = np.array([row["x"] or 0.0 for row in rows]), [row["y"] == "yes" for row in rows]
        ours, theirs = roc_auc_score(truth, 2 * x + shift), roc_auc_score(truth, 0.2 * x + shift)
        assert made[name].value == pytest.approx(theirs - ours, abs=1e-6)


def test_what_gains_on_new_rows_by_forgetting_is_refused(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    new, old = make_dataset(seed=2, name="new", change=turned), make_dataset(seed=1, name="old")
    candidate, serving = make_bundle(slope=-2.0, name="turned"), make_bundle()
    assert {name: gate.verdict for name, gate in gates(candidate, serving, new, old).items()} == {
        NEWEST: "passed",
        NEWEST_CONSTANT: "passed",
        EARLIER: "refused",
    }
    assert gates(candidate, serving, new, old, forgetting=1.0)[EARLIER].verdict == "passed"


def test_what_gains_nothing_is_not_promoted(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    new, old = make_dataset(seed=2, name="new"), make_dataset(seed=1, name="old")
    serving, same, worse = make_bundle(), make_bundle(name="same"), make_bundle(slope=0.2, name="worse")
    assert gates(same, serving, new, old)[NEWEST].verdict == "undecided"
    assert gates(worse, serving, new, old)[NEWEST].verdict == "refused"


def test_a_model_that_takes_the_other_class_as_positive_is_not_compared(
    make_bundle: MakeBundle, make_dataset: MakeDataset
) -> None:
    new, old = make_dataset(seed=2, name="new"), make_dataset(seed=1, name="old")
    serving = make_bundle(slope=0.2, name="turned", classes=("yes", "no"))
    made = gates(make_bundle(), serving, new, old)
    for name in (NEWEST, EARLIER):
        assert made[name].verdict == "undecided"
        assert "in another order" in made[name].sentence


def test_spoilt_targets_teach_nothing_beyond_a_constant(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    def spoilt(split: str, rows: pa.Table) -> pa.Table:
        at = rows.schema.get_field_index("y")
        mixed = np.random.default_rng(5).permutation(rows.num_rows)
        return rows.set_column(at, "y", rows.column("y").take(pa.array(mixed)))

    new, old = make_dataset(seed=2, name="new", change=spoilt), make_dataset(seed=1, name="old")
    made = gates(make_bundle(slope=0.2, name="blunt"), make_bundle(), new, old, forgetting=1.0)
    assert made[NEWEST_CONSTANT].verdict != "passed"


def test_rows_that_either_model_knew_are_left_out(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    """The new table holds all the old one has, split otherwise, so that half of the old test rows are fitted on."""
    old = make_dataset(seed=1, name="old", rows=1_000)
    known = old.table("test")

    def grown(split: str, rows: pa.Table) -> pa.Table:
        part = {"train": known.slice(0, 500), "validation": rows.slice(0, 0), "test": known.slice(500)}[split]
        return pa.concat_tables([rows, part.cast(rows.schema)])

    new = make_dataset(seed=2, name="new", rows=1_000, change=grown)
    made = gates(make_bundle(), make_bundle(slope=0.2, name="blunt"), new, old)
    assert made[NEWEST].sentence.startswith("On the 1,000 newest test rows:")
    assert made[EARLIER].sentence.startswith("On 500 earlier test rows:")


def test_without_rows_to_compare_on_nothing_is_shown(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    data = make_dataset(seed=1, name="old")
    made = gates(make_bundle(), make_bundle(slope=0.2, name="blunt"), data, data)
    assert made[NEWEST].verdict == "undecided"

    def fitted(split: str, rows: pa.Table) -> pa.Table:
        return pa.concat_tables([rows, data.table("test").cast(rows.schema)]) if split == "train" else rows

    new = make_dataset(seed=2, name="new", change=fitted)
    made = gates(make_bundle(name="c"), make_bundle(slope=0.2, name="d"), new, data)
    assert made[EARLIER].verdict == "undecided"
    assert "every one was fitted on" in made[EARLIER].sentence


def test_the_decision_of_a_test_counts_both(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    new, old = make_dataset(seed=2, name="new", change=turned), make_dataset(seed=1, name="old")
    candidate, serving = make_bundle(slope=-2.0, name="turned"), make_bundle()
    given: dict[str, Any] = {"name": "demo", "rivals": [Rival("serving", serving)]}
    without = evaluate(candidate, new, SECTION, **given).evaluation
    assert without.decision == "promote"
    tested = evaluate(candidate, new, SECTION, **given, earlier=earlier(old)).evaluation
    assert tested.decision == "refuse"
    assert EARLIER in tested.sentence
    first = evaluate(candidate, new, SECTION, name="demo", earlier=earlier(old)).evaluation
    assert first.decision == "promote", "where nothing serves there is nothing to compare with"


def test_another_dataset_than_the_one_recorded_is_refused(make_bundle: MakeBundle, make_dataset: MakeDataset) -> None:
    data = make_dataset()
    other = Earlier(dataset=str(data.folder), digest="sha256:" + "0" * 64)
    with pytest.raises(IntegrityError):
        earlier_gates(make_bundle(), make_bundle(name="b"), data, other, "roc_auc", SECTION)


class Datasets(LocalRegistry):
    """A registry that knows where datasets are, as a cluster's does."""

    known: ClassVar[dict[str, Path]] = {}

    def dataset(self, digest: str) -> Path:
        return self.known[digest] if digest in self.known else super().dataset(digest)


def made_of(make_bundle: MakeBundle, dataset: Dataset, slope: float, name: str) -> Bundle:
    return make_bundle(slope=slope, name=name, digests={"dataset": dataset.digest})


def gates_of(candidate: Bundle, newest: Dataset, registry: LocalRegistry, folder: Path) -> dict[str, GateResult]:
    """Test a retrained bundle as a run on a cluster does; return its gates."""
    settings = json.dumps({"testing": SECTION.model_dump(mode="json"), "name": "demo", "max_forgetting": 0.02})
    outputs = {"out": folder / "evaluation", "page": folder / "page.html", "card": folder / "card.md"}
    run_test(candidate.folder, newest.folder, settings, registry=registry, **outputs)
    return {gate.name: gate for gate in Evaluation.open(folder / "evaluation").gates}


def test_a_retraining_is_compared_on_the_rows_of_the_model_that_serves_by_then(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    """Also of one that was released outside of the loop, and of one that was put back since."""
    first, second = make_dataset(seed=1, name="first"), make_dataset(seed=3, name="second", rows=900)
    newest, registry = make_dataset(seed=2, name="new"), Datasets(tmp_path / "registry")
    loop, outside = (
        made_of(make_bundle, rows, slope, name)
        for rows, slope, name in ((first, 0.2, "loop"), (second, 0.3, "outside"))
    )
    registry.known.update({loop.digest: first.folder, outside.digest: second.folder})
    candidate, counts = make_bundle(), []
    for number, made in enumerate((loop, outside)):
        registry.promote(Record(name="demo", bundle=made.digest, who="eva"), made.folder)
        counts.append(gates_of(candidate, newest, registry, tmp_path / str(number))[EARLIER])
    registry.rollback(who="eva", reason="it was slow")
    counts.append(gates_of(candidate, newest, registry, tmp_path / "back")[EARLIER])
    rows = [dataset.table("test").num_rows for dataset in (first, second, first)]
    assert rows[0] != rows[1]
    assert [gate.sentence.partition(": ")[0] for gate in counts] == [f"On {n:,} earlier test rows" for n in rows]


def test_without_the_serving_models_rows_a_retraining_is_undecided(
    make_bundle: MakeBundle, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    registry, rows = LocalRegistry(tmp_path / "registry"), make_dataset(seed=1, name="old")
    serving = made_of(make_bundle, rows, 0.2, "serving")
    registry.promote(Record(name="demo", bundle=serving.digest, who="eva"), serving.folder)
    made = gates_of(make_bundle(), make_dataset(seed=2, name="new"), registry, tmp_path)
    assert made[EARLIER].verdict == "undecided"
    assert "its dataset cannot be read: The registry keeps no dataset" in made[EARLIER].sentence
    assert NEWEST not in made
