"""Class weights, clipping and schedule of a fit against torch's and scikit-learn's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.pytorch.adamw import AdamW
from sevenfold.training.pytorch.fit import fit
from sevenfold.training.pytorch.tensors import Tensors, load_tensors
from sevenfold.training.schedule import learning_rate_at
from sevenfold.training.settings import FitSettings


@pytest.mark.parametrize("given", ["balanced", {"versicolor": 3.0}])
def test_the_loss_is_the_weighted_mean(given: Any, iris: Dataset, section: TrainingSection) -> None:
    tensors = load_tensors(TrainingData(iris))
    fitted = fit(tensors, section.replaced(class_weights=given), "log_loss")
    truth, classes = tensors.train.target.numpy(), tensors.signature.classes
    if given == "balanced":
        weights = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    else:
        weights = np.array([given.get(name, 1.0) for name in classes])
    rows, given = tensors.validation.target.numpy(), fitted.validation.astype(np.float64)
    given /= given.sum(axis=1, keepdims=True)
    assert fitted.best.validation_loss == pytest.approx(log_loss(rows, given, sample_weight=weights[rows]), rel=1e-5)
    assert fitted.score == pytest.approx(log_loss(rows, given), rel=1e-5)


def test_a_step_learns_by_the_weighted_mean(tensors: Tensors, section: TrainingSection) -> None:
    """Weights that are all alike cancel out of a weighted mean; others shift the prediction."""
    plain, twice = (
        fit(tensors, section.replaced(class_weights=weights), "roc_auc") for weights in ({}, {"no": 2.0, "yes": 2.0})
    )
    np.testing.assert_allclose(plain.validation, twice.validation, atol=1e-4)
    shifted = fit(tensors, section.replaced(class_weights={"no": 2.0}), "roc_auc")
    assert shifted.validation[:, 1].mean() < plain.validation[:, 1].mean() - 0.02


@pytest.mark.parametrize(("given", "wrong"), [({"maybe": 2.0}, r"\['maybe'\]"), ("balanced", "'balanced'")])
def test_weights_of_what_is_no_class_are_refused(
    given: Any, wrong: str, mixed: Dataset, diabetes: Dataset, section: TrainingSection
) -> None:
    dataset = diabetes if given == "balanced" else mixed
    metric = "rmse" if given == "balanced" else "roc_auc"
    with pytest.raises(TrainingError, match=f"must name classes of the target, but {wrong}") as caught:
        fit(load_tensors(TrainingData(dataset)), section.replaced(class_weights=given), metric)
    assert caught.value.code == "class_weights"


def test_a_gradient_is_cut_to_the_norm(
    tensors: Tensors, section: TrainingSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, before = torch.nn.utils.clip_grad_norm_, []

    def spied(parameters: Any, most: float) -> torch.Tensor:
        listed = list(parameters)
        norm = cut(listed, most)
        after = torch.stack([parameter.grad.norm() for parameter in listed if parameter.grad is not None]).norm()
        assert float(after) <= 0.05 * 1.001
        before.append(float(norm))
        return norm

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", spied)
    fit(tensors, section.with_settings({"max_norm": 0.05}).replaced(max_epochs=1), "roc_auc")
    assert max(before) > 0.05


@pytest.mark.parametrize("epochs", [2, 5])
def test_a_cosine_ends_with_the_last_epoch(
    epochs: int, tensors: Tensors, section: TrainingSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates, step = list[float](), AdamW.step

    def spied(optimiser: AdamW) -> None:
        rates.append(optimiser.learning_rate)
        step(optimiser)

    monkeypatch.setattr(AdamW, "step", spied)
    fitted = fit(tensors, section.with_settings({"schedule": "cosine"}).replaced(max_epochs=epochs), "log_loss")
    assert len(fitted.curve) == epochs and fitted.settings["schedule"] == "cosine"
    expected = [learning_rate_at(at, len(rates), FitSettings(schedule="cosine")) for at in range(1, len(rates) + 1)]
    assert rates == expected
    assert rates[-1] < 1e-3 * max(rates)


@pytest.mark.parametrize("settings", [{"schedule": "step"}, {"max_norm": 0}])
def test_a_setting_out_of_bounds_is_refused(
    settings: dict[str, Any], tensors: Tensors, section: TrainingSection
) -> None:
    with pytest.raises(TrainingError, match=f"training.settings.{next(iter(settings))}") as caught:
        fit(tensors, section.with_settings(settings), "roc_auc")
    assert caught.value.code == "setting"
