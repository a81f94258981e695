"""A retrained model is compared on the newest rows, which must gain, and on the earlier ones, which must not lose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.metrics import roc_auc_score

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.earlier import Earlier
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.evaluation import GateResult
from sevenfold.plan.testing import TestingSection
from sevenfold.testing.earlier import EARLIER, NEWEST, NEWEST_CONSTANT, earlier_gates
from sevenfold.testing.evaluate import evaluate
from sevenfold.testing.rivals import Rival

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
