from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.scoring.scores import score
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch.fit import Fitted, fit, run_epoch
from sevenfold.training.pytorch.group import ALONE
from sevenfold.training.pytorch.predict import predict, truth_of
from sevenfold.training.pytorch.tensors import Rows, Tensors, load_tensors
from sevenfold.training.settings import NetworkSettings


def weights(fitted: Fitted) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in fitted.network.state_dict().items()}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_same_seed_same_weights_whatever_came_before(tensors: Tensors, section: TrainingSection) -> None:
    first = weights(fit(tensors, section, "roc_auc"))
    torch.manual_seed(12345)
    torch.rand(100)
    assert equal(weights(fit(tensors, section, "roc_auc")), first)
    assert not equal(weights(fit(tensors, section.replaced(seed=8), "roc_auc")), first)


def test_the_callers_random_numbers_and_threads_stay(tensors: Tensors, section: TrainingSection) -> None:
    torch.manual_seed(1)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    fit(tensors, section.replaced(threads=threads % 2 + 1, max_epochs=1), "roc_auc")
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_the_kept_weights_are_those_of_the_best_epoch(tensors: Tensors, section: TrainingSection) -> None:
    fitted = fit(tensors, section.with_settings({"learning_rate": 0.05}).replaced(max_epochs=6), "roc_auc")
    predicted, _ = predict(fitted.network, tensors.validation, tensors.signature)
    assert score("roc_auc", tensors.validation.target.numpy(), predicted) == fitted.score
    assert fitted.score == max(epoch.score for epoch in fitted.curve)
    assert not fitted.network.training


def test_a_loss_is_better_when_lower(tensors: Tensors, section: TrainingSection) -> None:
    fitted = fit(tensors, section.with_settings({"learning_rate": 0.05}).replaced(max_epochs=6), "log_loss")
    assert fitted.score == min(epoch.score for epoch in fitted.curve)


def test_patience_ends_the_fit(tensors: Tensors, section: TrainingSection) -> None:
    hasty = section.replaced(max_epochs=60, patience=2)
    fitted = fit(tensors, hasty.with_settings({"learning_rate": 0.03, "dropout": 0}), "log_loss")
    assert fitted.stopped == "patience"
    assert len(fitted.curve) == max(fitted.best.number, 60 // 3) + 2


def test_the_caller_can_end_the_fit(tensors: Tensors, section: TrainingSection) -> None:
    seen = []

    def on_epoch(number: int, value: float) -> bool:
        seen.append((number, value))
        return number < 2

    fitted = fit(tensors, section, "roc_auc", on_epoch=on_epoch)
    assert fitted.stopped == "pruned"
    assert seen == [(epoch.number, epoch.score) for epoch in fitted.curve]
    assert [number for number, _ in seen] == [1, 2]


def test_slicing_a_permutation_gives_the_batches_of_a_data_loader(tensors: Tensors) -> None:
    rows = tensors.train
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(1))
    ours: list[tuple[torch.Tensor, ...]] = []

    def step(batch: Rows, share: float) -> torch.Tensor:
        ours.append((batch.numeric, batch.categorical, batch.target))
        return batch.target.sum()

    losses = run_epoch(rows, ALONE.parts(order, 100), step)
    table = TensorDataset(rows.numeric, rows.categorical, rows.target)
    theirs = list(DataLoader(table, batch_size=100, sampler=order.tolist()))
    assert len(ours) == len(theirs) == len(losses)
    for mine, peer in zip(ours, theirs, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, peer, strict=True))


def test_a_loss_that_is_no_number_is_an_error(tensors: Tensors, section: TrainingSection) -> None:
    rows = tensors.train
    broken = replace(tensors, train=Rows(torch.full_like(rows.numeric, torch.nan), rows.categorical, rows.target))
    with pytest.raises(TrainingError, match="must be a finite number, but is nan in epoch 1") as caught:
        fit(broken, section, "roc_auc")
    assert caught.value.code == "loss_not_finite"


def test_a_metric_without_a_value_is_an_error(tensors: Tensors, section: TrainingSection) -> None:
    negatives = torch.nonzero(tensors.validation.target == 0).flatten()
    with pytest.raises(TrainingError) as caught:
        fit(replace(tensors, validation=tensors.validation.take(negatives)), section, "roc_auc")
    assert caught.value.code == "score_undefined"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"droput": 0.1}, "Did you mean 'dropout'"),
        ({"dropout": 1.5}, "training.settings.dropout: .* but got 1.5"),
        ({"learning_rate": "fast"}, "training.settings.learning_rate"),
    ],
)
def test_a_wrong_setting_is_named(
    tensors: Tensors, section: TrainingSection, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        fit(tensors, section.with_settings(settings), "roc_auc")


def test_settings_of_a_trial_come_before_the_plans(tensors: Tensors, section: TrainingSection) -> None:
    planned = section.replaced(settings={"width": 16, "depth": 1}, max_epochs=1)
    fitted = fit(tensors, planned.with_settings({"width": 8}), "roc_auc")
    assert (fitted.settings["width"], fitted.settings["depth"], fitted.settings["dropout"]) == (
        8,
        1,
        NetworkSettings().dropout,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_iris_is_learnt(iris: Dataset, seed: int) -> None:
    tensors = load_tensors(TrainingData(iris))
    fitted = fit(tensors, TrainingSection(threads=1, seed=seed), "log_loss")
    predicted, _ = predict(fitted.network, tensors.validation, tensors.signature)
    assert score("accuracy", tensors.validation.target.numpy(), predicted) >= 0.85


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_small_regression_beats_the_mean(diabetes: Dataset, seed: int) -> None:
    tensors = load_tensors(TrainingData(diabetes))
    fitted = fit(tensors, TrainingSection(threads=1, seed=seed), "rmse")
    truth = truth_of(tensors.validation, tensors)
    assert fitted.score < 0.9 * float(np.std(truth))
    predicted, _ = predict(fitted.network, tensors.validation, tensors.signature)
    assert score("rmse", truth, predicted * tensors.target.scale + tensors.target.mean) == pytest.approx(fitted.score)


def test_a_users_network_is_fitted(tensors: Tensors, section: TrainingSection, source: Callable[[str], str]) -> None:
    own = section.replaced(source=source(LINEAR), settings={"bias": False})
    fitted = fit(tensors, own.with_settings({"learning_rate": 0.05}), "roc_auc")
    assert fitted.score > 0.75
    assert fitted.settings["bias"] is False
    assert fitted.size == 2 * (len(tensors.signature.numeric) + sum(tensors.signature.cardinalities))


LINEAR = """
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, numbers, cardinalities, outputs, bias):
        super().__init__()
        self.numbers = nn.Linear(numbers, outputs, bias=bias)
        self.levels = nn.ModuleList(nn.Embedding(size, outputs) for size in cardinalities)

    def forward(self, numeric, categorical):
        return self.numbers(numeric) + sum(level(categorical[:, at]) for at, level in enumerate(self.levels))


def build_model(signature, bias=True):
    return Linear(len(signature.numeric), signature.cardinalities, signature.outputs, bias)
"""
