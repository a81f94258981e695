"""The linear model agrees with scikit-learn on the same matrix, and repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from sevenfold.contracts.dataset import Dataset
from sevenfold.training.data import TrainingData
from sevenfold.training.linear import fit as linear
from sevenfold.training.linear.fit import LinearModel, fit_linear
from sevenfold.training.pytorch.tensors import Tensors, load_tensors


def matrix(tensors: Tensors, model: LinearModel) -> np.ndarray:
    """The inputs as scikit-learn takes them: standardised numbers, then 0/1 per level."""
    rows = tensors.train
    numbers = np.clip((rows.numeric.numpy() - model.center) / model.scale, -10, 10).astype(np.float64)
    codes = rows.categorical.numpy()
    levels = [codes[:, [c]] == np.arange(tensors.signature.cardinalities[c]) for c in model.columns]
    return np.concatenate([numbers, *levels], axis=1)


def outputs(tensors: Tensors, model: LinearModel) -> np.ndarray:
    return matrix(tensors, model) @ np.concatenate([model.weights, model.levels]) + model.bias


@pytest.mark.parametrize("name", ["mixed", "iris"])
def test_classes_have_the_probabilities_of_logistic_regression(name: str, request: pytest.FixtureRequest) -> None:
    tensors = load_tensors(TrainingData(request.getfixturevalue(name)))
    model = fit_linear(tensors)
    inputs, truth = matrix(tensors, model), tensors.train.target.numpy()
    oracle = LogisticRegression(C=1.0, max_iter=10_000, tol=1e-10).fit(inputs, truth)
    given = torch.from_numpy(outputs(tensors, model)).softmax(1).numpy()
    assert np.abs(given - oracle.predict_proba(inputs)).max() < 1e-4
    assert np.ptp(given[:, 1]) > 0.5


@pytest.mark.parametrize(("name", "weights"), [("mixed", [0.5, 4.0]), ("iris", [1.0, 3.0, 0.25])])
def test_class_weights_are_those_of_logistic_regression(
    name: str, weights: list[float], request: pytest.FixtureRequest
) -> None:
    tensors = load_tensors(TrainingData(request.getfixturevalue(name)))
    model, plain = fit_linear(tensors, weights=np.array(weights)), fit_linear(tensors)
    inputs, truth = matrix(tensors, model), tensors.train.target.numpy()
    chosen = dict(enumerate(weights))
    oracle = LogisticRegression(C=1.0, class_weight=chosen, max_iter=10_000, tol=1e-10).fit(inputs, truth)
    given, unweighted = (torch.from_numpy(outputs(tensors, each)).softmax(1).numpy() for each in (model, plain))
    assert np.abs(given - oracle.predict_proba(inputs)).max() < 3e-4
    assert np.abs(given - unweighted).max() > 0.05


@pytest.mark.parametrize("name", ["mixed", "iris"])
def test_a_weight_of_two_is_the_row_twice(name: str, request: pytest.FixtureRequest) -> None:
    tensors = load_tensors(TrainingData(request.getfixturevalue(name)))
    rows = tensors.train
    twice = torch.cat([torch.arange(len(rows)), torch.nonzero(rows.target == 1).flatten()])
    weights = np.ones(len(tensors.signature.classes))
    weights[1] = 2.0
    weighted = fit_linear(tensors, weights=weights)
    repeated = fit_linear(replace(tensors, train=rows.take(twice)))
    np.testing.assert_allclose(weighted.center, repeated.center, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-6)
    np.testing.assert_allclose(outputs(tensors, weighted), outputs(tensors, repeated), atol=2e-3)
    assert np.abs(outputs(tensors, weighted) - outputs(tensors, fit_linear(tensors))).max() > 0.1


def test_values_have_those_of_ridge_regression(diabetes: Dataset) -> None:
    tensors = load_tensors(TrainingData(diabetes))
    model = fit_linear(tensors)
    inputs, truth = matrix(tensors, model), tensors.train.target.numpy()
    oracle = Ridge(alpha=1.0, tol=1e-10).fit(inputs, truth)
    np.testing.assert_allclose(outputs(tensors, model)[:, 0], oracle.predict(inputs), atol=1e-4)


def test_the_same_rows_give_the_same_bits(tensors: Tensors) -> None:
    first, second = fit_linear(tensors), fit_linear(tensors)
    assert np.array_equal(first.weights, second.weights) and np.array_equal(first.bias, second.bias)


def test_many_rows_are_sampled_by_the_seed(tensors: Tensors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MIN_ROWS", 100)
    monkeypatch.setattr(linear, "MAX_WORK", 1)
    models = [fit_linear(tensors, seed=seed) for seed in (1, 1, 2)]
    assert [model.rows for model in models] == [100, 100, 100]
    assert np.array_equal(models[0].weights, models[1].weights)
    assert not np.array_equal(models[0].weights, models[2].weights)


def test_the_categories_with_the_most_levels_go_where_there_are_too_many_weights(
    tensors: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = tensors.signature.cardinalities
    smallest = int(np.argmin(sizes))
    monkeypatch.setattr(linear, "MAX_WEIGHTS", tensors.train.numeric.shape[1] + min(sizes))
    model = fit_linear(tensors)
    assert model.columns == (smallest,) and len(sizes) > 1
    assert len(model.levels) == min(sizes)


def test_a_column_of_one_value_and_an_absurd_one_leave_it_finite(tensors: Tensors) -> None:
    numeric = tensors.train.numeric.clone()
    numeric[:, 0], numeric[0, 1] = 5.0, 3e38
    model = fit_linear(replace(tensors, train=replace(tensors.train, numeric=numeric)))
    assert model.finite
    assert abs(model.weights[0]).max() == 0
