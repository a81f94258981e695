"""`model.onnx` against LightGBM on hostile rows, and that the comparison sees what it must see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Task
from sevenfold.contracts.signature import Signature
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.trees.compare import hostile_rows
from sevenfold.training.trees.features import feature_matrix, feature_names
from sevenfold.training.trees.hostile import hostile_feeds
from sevenfold.training.trees.model import FittedTrees, loaded
from sevenfold.training.trees.text import CATEGORICAL, MISSING_NAN, Tree

ALL = ["wild_trees", "towns_trees", "values_trees"]


def fitted_named(name: str, request: pytest.FixtureRequest) -> tuple[FittedTrees, TrainingData]:
    fitted: FittedTrees = request.getfixturevalue(name)
    return fitted, fitted.rows.data


def changed(model: bytes, attribute: str, dtype: type[np.generic]) -> bytes:
    """The model as a converter writes it: the values of one attribute of its trees in another precision."""
    copy = onnx.ModelProto.FromString(model)
    node = next(node for node in copy.graph.node if node.op_type == "TreeEnsemble")
    (entry,) = (entry for entry in node.attribute if entry.name == attribute)
    values = numpy_helper.to_array(entry.t).astype(dtype).astype(np.float64)
    entry.t.CopyFrom(numpy_helper.from_array(values))
    return copy.SerializeToString()


@pytest.mark.parametrize("name", ALL)
def test_the_file_predicts_what_lightgbm_predicts(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    fitted, data = fitted_named(name, request)
    model = fitted.onnx_bytes(data)
    assert fitted.check(data, model) <= 1e-13
    path = tmp_path / "model.onnx"
    path.write_bytes(model)
    scorer = Scorer(path, Signature.of(data.dataset.schema, data.signature.inputs))
    trees = [Tree.of(block) for block in fitted.blocks]
    feeds = hostile_feeds(trees, data.transform, data.feeds("validation"), 20_000)
    expected = loaded(fitted.text).predict(feature_matrix(data.transform, feeds))
    given = scorer.predict(feeds)
    if data.signature.task is Task.REGRESSION:
        target = data.transform.target
        np.testing.assert_allclose(given.values, expected * target.scale + target.mean, rtol=1e-12)
    elif data.signature.task is Task.BINARY:
        assert given.probabilities is not None and given.labels is not None
        np.testing.assert_allclose(given.probabilities[:, 1], expected, atol=1e-7)
        assert set(given.labels) == set(data.signature.classes)
    else:
        np.testing.assert_allclose(given.probabilities, expected, atol=1e-7)


@pytest.mark.parametrize("name", ALL)
def test_the_trees_hold_every_kind_of_split(name: str, request: pytest.FixtureRequest) -> None:
    fitted, _ = fitted_named(name, request)
    decisions = np.concatenate([Tree.of(block).decision for block in fitted.blocks])
    assert (decisions & CATEGORICAL).any() and not (decisions & CATEGORICAL).all()
    numeric = decisions[decisions & CATEGORICAL == 0] >> 2
    assert (numeric == MISSING_NAN).any() and (numeric == 0).any()


def test_splits_by_sets_of_many_categories(towns_trees: FittedTrees) -> None:
    sets = [group for block in towns_trees.blocks for group in Tree.of(block).sets]
    assert max(map(len, sets)) > 16 and max(map(max, sets)) > 300


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("attribute", ["nodes_splits", "leaf_weights"])
def test_single_precision_is_seen(name: str, attribute: str, request: pytest.FixtureRequest) -> None:
    fitted, data = fitted_named(name, request)
    model = fitted.onnx_bytes(data)
    with pytest.raises(TrainingError) as caught:
        fitted.check(data, changed(model, attribute, np.float32))
    assert caught.value.code == "export_differs"


def test_hostile_rows_reach_what_they_are_made_for(wild_trees: FittedTrees) -> None:
    data = wild_trees.rows.data
    trees = [Tree.of(block) for block in wild_trees.blocks]
    feeds = hostile_feeds(trees, data.transform, data.feeds("validation"), 10_000)
    again = hostile_feeds(trees, data.transform, data.feeds("validation"), 10_000)
    assert all(np.array_equal(feeds[name], again[name], equal_nan=feeds[name].dtype.kind == "f") for name in feeds)
    seconds = feature_names(data.transform).index("seconds")
    thresholds = np.unique(np.concatenate([tree.threshold[tree.feature == seconds] for tree in trees]))
    for wanted in (thresholds, np.nextafter(thresholds, np.inf), np.nextafter(thresholds, -np.inf)):
        assert np.isin(wanted, feeds["seconds"]).mean() > 0.9
    single = thresholds.astype(np.float32)
    assert np.isin(np.nextafter(single, np.float32(0)).astype(float), feeds["seconds"]).mean() > 0.9
    assert np.isnan(feeds["change"]).any() and np.signbit(feeds["change"][feeds["change"] == 0]).any()
    assert {"", "never seen"} < set(feeds["town"]) and feeds["when:missing"].any()


def test_there_are_fewer_rows_for_more_trees() -> None:
    assert [hostile_rows(trees) for trees in (1, 500, 1_000, 50_000)] == [100_000, 100_000, 50_000, 10_000]
