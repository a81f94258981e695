"""The example in scikit-learn: fitted in a run, its bundle predicts what scikit-learn predicts."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import canonical_json
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Column, Kind, Role, Task
from sevenfold.contracts.study import Best
from sevenfold.plan.data import DataSection
from sevenfold.plan.preparation import PreparationSection
from sevenfold.plan.training import Framework, TrainingSection
from sevenfold.preparation.prepare import prepare
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.foreign.dataset import dataset_of
from sevenfold.training.source import source_digest
from sevenfold.training.stage import run_training
from sevenfold.tuning.stage import run_tuning

# skl2onnx gives protobuf numpy's integers, which version 6 warns of and 7 refuses
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
SOURCE = Path(__file__).parents[2] / "examples/flights/scikit_learn.py"
SPACE = {"learning_rate": {"low": 0.05, "high": 0.3, "log": True}, "max_leaf_nodes": {"choices": [4, 8]}}


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("flights_in_scikit_learn", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made(folder: Path, seconds: int) -> Dataset:
    """Flights as they may be: thousands, tenths, moments as numbers, missing values, carriers of later rows alone.

    The moments lie within so many `seconds`; float32 tells apart those that are 128 seconds from each other.
    """
    rng = np.random.default_rng(3)
    lines = ["miles,pressure,moment,carrier,late"]
    for index in range(900):
        carrier = "ZZ" if index > 700 and index % 9 == 0 else str(rng.choice(["UA", "B6", "EV", ""]))
        miles, pressure = int(rng.integers(100, 5_000)), round(float(rng.normal(1013, 8)), 1)
        moment = int(rng.integers(0, seconds))
        late = (miles > 2_500) + (carrier == "EV") + (moment > seconds / 2) + rng.normal() * 0.5 > 1.5
        shown = "" if index % 8 == 0 else pressure
        lines.append(f"{miles},{shown},{1_700_000_000 + moment},{carrier},{'yes' if late else 'no'}")
    (folder / "flights.csv").write_text("\n".join(lines))
    columns = {name: Column(kind=Kind.NUMBER) for name in ("miles", "pressure", "moment")}
    columns |= {"carrier": Column(kind=Kind.CATEGORY), "late": Column(kind=Kind.CATEGORY, role=Role.TARGET)}
    section = DataSection(source=str(folder / "flights.csv"), target="late", task=Task.BINARY, columns=columns)
    prepare(folder / "flights.csv", section, PreparationSection(), folder / "dataset")
    return Dataset.open(folder / "dataset")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return made(tmp_path_factory.mktemp("flights"), seconds=10**6)


def test_tuning_and_training_end_in_a_bundle_that_is_scikit_learns(
    example: ModuleType, dataset: Dataset, tmp_path: Path
) -> None:
    section = TrainingSection(framework=Framework.ONNX, source=str(SOURCE), settings={"max_iter": 30})
    given = {"training": section.model_dump(mode="json"), "metric": "roc_auc"}
    pages = {"page": tmp_path / "page.html", "summary": tmp_path / "summary.md"}
    tuning = {"tuning": {"trials": 3, "space": SPACE}}
    run_tuning(dataset.folder, canonical_json({**given, **tuning}), out=tmp_path / "study", **pages)
    run_training(
        dataset.folder,
        tmp_path / "study",
        canonical_json({**given, "name": "flights", "plan_digest": "sha256:p"}),
        out=tmp_path / "bundle",
        **pages,
    )
    bundle, best = Bundle.open(tmp_path / "bundle"), Best.read(tmp_path / "study")
    assert (bundle.info.model, bundle.info.framework) == ("onnx", "onnx")
    assert bundle.info.digests["source"] == source_digest(SOURCE)
    assert best.settings["max_iter"] == 30 and best.settings["max_leaf_nodes"] in (4, 8)
    trials = json.loads((tmp_path / "study/trials.json").read_text())
    assert (
        best.score == max(trial["score"] for trial in trials) == pytest.approx(bundle.info.metrics["roc_auc"], abs=1e-6)
    )

    rows = dataset_of(TrainingData(dataset), section, "roc_auc")
    model = example.fit(rows, best.settings)
    table = dataset.table("test")
    frame = table.select(rows.features).to_pandas()
    numbers = frame[["miles", "pressure", "moment"]].astype(np.float32)
    frame = frame.assign(**numbers, carrier=frame["carrier"].fillna("").astype(object))
    expected = model.predict_proba(frame)
    served = Scorer(bundle.model_path, bundle.signature).predict(feeds_from_table(table, bundle.signature.inputs))
    np.testing.assert_allclose(served.probabilities, expected, atol=1e-5)
    assert "ZZ" in set(frame["carrier"]) and np.ptp(expected) > 0.5


def test_nothing_to_search_needs_no_search(dataset: Dataset, tmp_path: Path) -> None:
    section = TrainingSection(framework=Framework.ONNX, source=str(SOURCE), settings={"max_iter": 5})
    given = {"training": section.model_dump(mode="json"), "metric": "roc_auc", "tuning": {"trials": 3}}
    pages = {"page": tmp_path / "page.html", "summary": tmp_path / "summary.md"}
    run_tuning(dataset.folder, canonical_json(given), out=tmp_path / "study", **pages)
    assert Best.read(tmp_path / "study").settings == {"max_iter": 5}


def test_neighbours_in_float32_take_their_own_branches(
    example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A threshold between two of them must be rounded down; the converter rounds it onto either."""
    rows = dataset_of(TrainingData(made(tmp_path, seconds=10**4)), TrainingSection(), "roc_auc")
    assert example.train(rows, {}).graph.node
    monkeypatch.setattr(example, "round_down", lambda trees: None)
    with pytest.raises(ValueError, match="but differs by 0"):
        example.train(rows, {})


def test_rounding_down_changes_no_prediction(example: ModuleType) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rng = np.random.default_rng(1)
    rows, values = rng.normal(size=(400, 3)).astype(np.float32), rng.normal(size=400)
    trees = HistGradientBoostingRegressor(max_iter=20).fit(rows, values)
    thresholds = np.concatenate([stage[0].nodes["num_threshold"] for stage in trees._predictors])
    near = np.repeat(thresholds.astype(np.float32), 3)
    hostile = np.concatenate([near, np.nextafter(near, np.float32(9)), np.nextafter(near, np.float32(-9))]).reshape(
        -1, 3
    )
    before = trees.predict(hostile)
    example.round_down(trees)
    rounded = np.concatenate([stage[0].nodes["num_threshold"] for stage in trees._predictors])
    np.testing.assert_array_equal(trees.predict(hostile), before)
    np.testing.assert_array_equal(rounded, rounded.astype(np.float32))
    assert (rounded <= thresholds).all() and (rounded < thresholds).any()


def test_a_strange_setting_is_refused(example: ModuleType, dataset: Dataset) -> None:
    rows = dataset_of(TrainingData(dataset), TrainingSection(), "roc_auc")
    with pytest.raises(ValueError, match="but got trees"):
        example.train(rows, {"trees": 3})
