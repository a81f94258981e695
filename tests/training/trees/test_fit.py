"""The fit of trees: its epochs against LightGBM's own training, its stops, and its going on after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Column, Kind, Task
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.trees.fit import fit
from sevenfold.training.trees.kind import TreesKind
from sevenfold.training.trees.model import FittedTrees
from sevenfold.training.trees.rows import load_rows
from sevenfold.training.trees.settings import TreeSettings, column_seed, lightgbm_params
from tests.training.trees.conftest import fitted_to, prepared


class Kept:
    """A progress in memory, which gives back the state after one epoch."""

    def __init__(self, state: bytes | None = None) -> None:
        self.state, self.states = state, list[bytes]()

    def read(self) -> bytes | None:
        return self.state

    def offer(self, content: Callable[[], bytes | None]) -> None:
        kept = content()
        assert kept is not None
        self.states.append(kept)


@pytest.mark.parametrize("name", ["wild", "towns", "values"])
def test_a_fit_that_goes_on_gives_the_same_bytes(
    name: str, trees_section: TrainingSection, request: pytest.FixtureRequest
) -> None:
    data = TrainingData(request.getfixturevalue(name))
    metric = {"wild": "roc_auc", "towns": "log_loss", "values": "rmse"}[name]
    rows, whole = load_rows(data), Kept()
    wanted = fit(rows, trees_section, metric, progress=whole)
    assert len(whole.states) == len(wanted.curve) == 4
    for state in whole.states[1:2] if name == "towns" else whole.states:
        seen = list[int]()

        def on_epoch(number: int, score: float, seen: list[int] = seen) -> bool:
            seen.append(number)
            return True

        again = fit(load_rows(data), trees_section, metric, progress=Kept(state), on_epoch=on_epoch)
        assert again.files(data, 0.5) == wanted.files(data, 0.5)
        assert again.onnx_bytes(data) == wanted.onnx_bytes(data)
        assert [replace(epoch, seconds=0) for epoch in again.curve] == [replace(e, seconds=0) for e in wanted.curve]
        assert seen == [1, 2, 3, 4]


def test_a_state_of_another_format_is_left_alone(wild: Dataset, trees_section: TrainingSection) -> None:
    state = json.dumps({"format": 99}).encode()
    fitted = fit(load_rows(TrainingData(wild)), trees_section, "roc_auc", progress=Kept(state))
    assert len(fitted.curve) == 4


@pytest.mark.parametrize(
    ("name", "metric", "weights"),
    [("wild", "roc_auc", {}), ("wild", "log_loss", {"yes": 5.0}), ("towns", "log_loss", {}), ("values", "rmse", {})],
)
def test_the_trees_are_lightgbms(
    name: str, metric: str, weights: Any, trees_section: TrainingSection, request: pytest.FixtureRequest
) -> None:
    rows = load_rows(TrainingData(request.getfixturevalue(name)))
    section = trees_section.replaced(class_weights=weights, settings={"rounds": 7})
    fitted = fit(rows, section.replaced(max_epochs=1), metric)
    params = lightgbm_params(
        TreeSettings(rounds=7), rows.task, len(rows.data.signature.classes), len(rows.train), seed=7, threads=1
    )
    params |= {"feature_fraction_seed": column_seed(7, 1)}
    weight = np.array([1.0, 5.0])[rows.train_target] if weights else None
    data = lightgbm.Dataset(
        rows.train, rows.train_target, weight=weight, categorical_feature=list(rows.categorical), params=params
    )
    booster = lightgbm.train(params, data, num_boost_round=7)
    again = lightgbm.Booster(model_str=fitted.text)
    np.testing.assert_array_equal(again.predict(rows.validation), booster.predict(rows.validation))
    assert fitted.size == booster.num_trees()


def test_losses_and_scores_are_those_of_scikit_learn(
    wild_trees: FittedTrees, values_trees: FittedTrees, towns_trees: FittedTrees
) -> None:
    truth = wild_trees.rows.data.truth
    best, predicted = wild_trees.best, wild_trees.validation
    assert best.score == pytest.approx(roc_auc_score(truth, predicted[:, 1]), rel=1e-12)
    assert best.validation_loss == pytest.approx(log_loss(truth, predicted), rel=1e-12)
    towns_truth = towns_trees.rows.data.truth
    assert towns_trees.best.score == pytest.approx(log_loss(towns_truth, towns_trees.validation), rel=1e-12)
    target, scale = values_trees.rows.data.truth, values_trees.rows.data.transform.target.scale
    error = mean_squared_error(target, values_trees.validation)
    assert values_trees.best.score == pytest.approx(error**0.5, rel=1e-9)
    assert values_trees.best.validation_loss == pytest.approx(error / scale**2, rel=1e-3)  # float32 targets
    assert values_trees.curve[-1].train_loss < values_trees.curve[0].train_loss


def test_the_best_epoch_is_kept_and_patience_ends_the_fit(wild: Dataset) -> None:
    section = TrainingSection(settings={"rounds": 40, "learning_rate": 0.5, "l2": 0.0}, max_epochs=12, patience=2)
    fitted = fit(load_rows(TrainingData(wild)), section, "log_loss")
    assert fitted.stopped == "patience" and len(fitted.curve) < 12
    assert fitted.score == min(epoch.score for epoch in fitted.curve)
    assert fitted.size == 40 * fitted.best.number
    assert fitted.validation[:, 1] == pytest.approx(
        lightgbm.Booster(model_str=fitted.text).predict(fitted.rows.validation)
    )


def test_a_fit_may_be_given_up(wild: Dataset, trees_section: TrainingSection) -> None:
    fitted = fit(load_rows(TrainingData(wild)), trees_section, "roc_auc", on_epoch=lambda number, score: number < 2)
    assert fitted.stopped == "pruned" and len(fitted.curve) == 2


def test_class_weights_move_probabilities(wild: Dataset, trees_section: TrainingSection) -> None:
    plain, heavy = (
        fitted_to(wild, "log_loss", trees_section.replaced(class_weights=weights)) for weights in ({}, {"yes": 9.0})
    )
    assert heavy.validation[:, 1].mean() > plain.validation[:, 1].mean() + 0.1
    with pytest.raises(TrainingError) as caught:
        fitted_to(wild, "log_loss", trees_section.replaced(class_weights={"maybe": 2.0}))
    assert caught.value.code == "class_weights"


def test_settings_are_checked(wild: Dataset, trees_section: TrainingSection) -> None:
    kind = TreesKind()
    for settings, code in ({"leafs": 3}, "unknown_setting"), ({"leaves": 1}, "setting"), ({"l2": -1.0}, "setting"):
        with pytest.raises(TrainingError) as caught:
            kind.effective_settings(settings)
        assert caught.value.code == code
    assert set(kind.space()) < set(kind.effective_settings({}))


@pytest.mark.parametrize("count", [20, 40])
def test_a_tiny_table_with_constant_columns(count: int, trees_section: TrainingSection, tmp_path: Path) -> None:
    columns = {"x": Column(kind=Kind.NUMBER), "same": Column(kind=Kind.NUMBER), "c": Column(kind=Kind.CATEGORY)}
    rows = [[index, 5, "a" if index % 2 else "b", "yes" if 2 * index > count else "no"] for index in range(count)]
    dataset = prepared(tmp_path, rows, Task.BINARY, columns)
    fitted = fitted_to(dataset, "accuracy", trees_section, rounds=25, l2=0.0)
    data = fitted.rows.data
    assert fitted.check(data, fitted.onnx_bytes(data)) < 1e-12
    assert fitted.score >= 0.75


def test_columns_that_tell_nothing_end_the_fit(trees_section: TrainingSection, tmp_path: Path) -> None:
    rows = [["a", "1" if index % 50 == 0 else "", index % 2] for index in range(60)]
    columns = {"x": Column(kind=Kind.CATEGORY), "empty": Column(kind=Kind.NUMBER)}
    fitted = fitted_to(prepared(tmp_path, rows, Task.REGRESSION, columns), "rmse", trees_section)
    assert fitted.stopped == "converged" and len(fitted.curve) == 1
    data = fitted.rows.data
    assert np.ptp(fitted.validation) == 0
    assert fitted.check(data, fitted.onnx_bytes(data)) == 0
    state = Kept()
    fit(load_rows(data), trees_section, "rmse", progress=state)
    again = fit(load_rows(data), trees_section, "rmse", progress=Kept(state.states[-1]))
    assert again.stopped == "converged" and again.text == fitted.text


def test_absurd_numbers_and_settings_at_their_bounds(trees_section: TrainingSection, tmp_path: Path) -> None:
    noise = np.random.default_rng(6).normal(size=600)
    odd = [1.7e308, -1.7e308, 5e-324, -1e-35, 1e-36, 9_007_199_254_740_992.0, 0.0, -0.0, 1e300, 1.0]
    rows = [
        [repr(odd[index % 10]), 1e308 * (index % 3 - 1), index * 997 % 600, f"c{index % 30}", noise[index] + index % 10]
        for index in range(600)
    ]
    columns = {name: Column(kind=Kind.NUMBER) for name in ("odd", "far", "own")} | {"c": Column(kind=Kind.CATEGORY)}
    dataset = prepared(tmp_path, rows, Task.REGRESSION, columns)
    bounds: list[dict[str, Any]] = [
        {},
        {"bins": 2, "single_levels": 1, "level_smoothing": 0.0, "l2": 0.0, "min_rows_in_leaf": 1},
        {"bins": 4096, "leaves": 4096, "feature_fraction": 1e-9, "learning_rate": 1.0},
        {"min_rows_in_leaf": 1_000_000_000, "leaves": 2, "rounds": 1, "l2": 1e6},
    ]
    for settings in bounds:
        fitted = fitted_to(dataset, "rmse", trees_section, **settings)
        data = fitted.rows.data
        assert fitted.check(data, fitted.onnx_bytes(data)) <= 1e-12


def test_a_target_beyond_every_number_is_refused(values: Dataset, trees_section: TrainingSection) -> None:
    rows = load_rows(TrainingData(values))
    broken = replace(rows, train_target=np.full_like(rows.train_target, np.inf))
    with pytest.raises(TrainingError) as caught:
        fit(broken, trees_section, "rmse")
    assert caught.value.code == "loss_not_finite"
