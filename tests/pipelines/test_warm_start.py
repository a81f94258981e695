"""Settings of an earlier study, which a search begins with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sevenfold.contracts.errors import DataError, IntegrityError
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.study import TRIALS_FILE, Best
from sevenfold.pipelines.inputs import carry_inputs
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.warm_start import with_warm_start
from sevenfold.plan import Plan

LEAVES, WIDTH = "leaves", "width"


def trial(number: int, model: str, score: float | None, **settings: Any) -> dict[str, Any]:
    state = "failed" if score is None else "complete"
    return {"number": number, "model": model, "state": state, "settings": settings, "score": score, "curve": []}


TRIALS = [
    trial(0, "trees", 0.70, leaves=15),
    trial(0, "network", 0.60, width=32),
    trial(1, "trees", 0.75, leaves=31),
    trial(1, "network", None, width=64),
    trial(2, "trees", 0.75, leaves=63),
    trial(2, "network", 0.65, width=128),
    trial(3, "trees", 0.72, leaves=31),
    {**trial(4, "trees", 0.99, leaves=7), "state": "pruned"},
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "runs/demo/1/artifacts/p/tune-model/study"
    Best(settings={}, model="trees", score=0.75).save(folder, TRIALS)
    return folder


def begun(plan: Plan, base: Path, study: str, model: str = "auto", **start: Any) -> Plan:
    tuning = plan.tuning.replaced(trials=9, warm_start={"study": study, **start})
    changed = {"tuning": tuning, "training": plan.training.replaced(model=model)}
    return with_warm_start(plan.model_copy(update=changed), base)


def test_the_best_settings_of_each_kind_are_taken_in_order(plan: Plan, study: Path, tmp_path: Path) -> None:
    start = begun(plan, tmp_path, "runs/demo/1", trials=2).tuning.warm_start
    assert list(start.settings) == [
        {"trees.leaves": 31},
        {"trees.leaves": 63},
        {"network.width": 128},
        {"network.width": 32},
    ]
    assert start.study == verify(study).digest
    one = begun(plan, tmp_path, str(study), model="network", trials=9).tuning.warm_start
    assert list(one.settings) == [{"width": 128}, {"width": 32}]
    with pytest.raises(DataError) as caught:
        begun(plan, tmp_path, "runs/demo/1", model="linear")
    assert caught.value.code == "no_trials"


def test_where_less_was_better_the_lowest_scores_come_first(plan: Plan, tmp_path: Path) -> None:
    Best(settings={}, model="network", score=0.60).save(tmp_path / "study", TRIALS)
    start = begun(plan, tmp_path, "study", trials=1).tuning.warm_start
    assert list(start.settings) == [{"network.width": 32}, {"trees.leaves": 15}]


def test_the_settings_go_to_tuning_and_nowhere_else(plan: Plan, study: Path, tmp_path: Path) -> None:
    named = plan.model_copy(update={"tuning": plan.tuning.replaced(trials=9, warm_start={"study": "runs/demo/1"})})
    plan = plan.model_copy(update={"tuning": plan.tuning.replaced(trials=9)})
    plain, given = stage_settings(plan), stage_settings(with_warm_start(named, tmp_path))
    changed = {name for name in plain if plain[name] != given[name]}
    assert changed == {"tune_model", "train_model"}  # training for the plan's digest alone
    assert json.loads(given["tune_model"])["tuning"]["warm_start"]["study"] == verify(study).digest
    assert str(tmp_path) not in "".join(given.values())
    # A plan that was carried to a cluster needs the folder no more, and is the same plan.
    (tmp_path / "demo.csv").write_text("A,y\n1,p\n")

    class Nowhere:
        root = "s3://nowhere"

        def put(self, path: Path) -> str:
            return f"{self.root}/{path.name}"

    carried = carry_inputs(named, tmp_path, Nowhere(), lambda text: None, table=False)
    assert stage_settings(carried)["tune_model"] == given["tune_model"]
    assert carried.model_digest == with_warm_start(named, tmp_path).model_digest != plan.model_digest


def test_a_study_at_an_address_is_fetched(plan: Plan, study: Path, tmp_path: Path) -> None:
    here = begun(plan, tmp_path, "runs/demo/1")
    assert begun(plan, Path("/nowhere"), f"file://{study}").tuning == here.tuning


def test_what_is_no_study_or_was_changed_is_refused(plan: Plan, study: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        begun(plan, tmp_path, "runs/demo/2")
    assert caught.value.code == "no_study"
    (study / TRIALS_FILE).write_text("[]")
    with pytest.raises(IntegrityError, match="changed after it was sealed"):
        begun(plan, tmp_path, "runs/demo/1")


def test_without_trials_no_study_is_read(plan: Plan, tmp_path: Path) -> None:
    tuning = plan.tuning.replaced(trials=0, warm_start={"study": "runs/demo/2"})
    assert with_warm_start(plan.model_copy(update={"tuning": tuning}), tmp_path).tuning == tuning
