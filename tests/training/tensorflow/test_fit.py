"""Fits of Keras models: scores, repetition, going on after a stop, settings."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.training import TrainingSection
from sevenfold.training.data import TrainingData
from sevenfold.training.tensorflow.fit import Fitted, fit
from sevenfold.training.tensorflow.rows import Splits, load_rows


def curve(fitted: Fitted) -> list[tuple[float, ...]]:
    return [(epoch.number, epoch.train_loss, epoch.validation_loss, epoch.score) for epoch in fitted.curve]


def counted(epochs: list[int], epoch: int, _: float) -> bool:
    epochs.append(epoch)
    return True


def written(fitted: Fitted) -> dict[str, bytes]:
    data = fitted.splits.data
    return {"model.onnx": fitted.onnx_bytes(data), **fitted.files(data, 0.4)}


@pytest.fixture(scope="module")
def files(fitted: Fitted) -> dict[str, bytes]:
    return written(fitted)


def test_it_learns(splits: Splits, section: TrainingSection) -> None:
    """What decides the target in the table: a linear model reaches 0.95, a coin 0.5."""
    longer = fit(splits, section.replaced(max_epochs=12).with_settings({"dropout": 0.1}), "roc_auc")
    assert longer.score > 0.9
    assert longer.curve[0].train_loss > longer.curve[-1].train_loss
    assert longer.recorded["epochs"] == longer.best.number


def test_a_second_fit_and_what_it_writes_are_the_same(
    splits: Splits, section: TrainingSection, fitted: Fitted, files: dict[str, bytes]
) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()
    again = fit(splits, section, "roc_auc")
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
    assert curve(again) == curve(fitted)
    assert written(again) == files
    assert curve(fit(splits, section.replaced(seed=8), "roc_auc")) != curve(fitted)


def test_it_goes_on_from_any_epoch_to_the_same_files(
    splits: Splits, section: TrainingSection, fitted: Fitted, files: dict[str, bytes], memory: Any
) -> None:
    kept = memory()
    fit(splits, section, "roc_auc", progress=kept)
    assert len(kept.states) == len(fitted.curve) == 3
    for number, state in enumerate(kept.states[:2], start=1):
        epochs: list[int] = []
        later = memory(state)
        resumed = fit(
            splits, section, "roc_auc", progress=later, on_epoch=lambda epoch, _, e=epochs: not e.append(epoch)
        )
        assert epochs == [1, 2, 3]
        assert len(later.states) == 3 - number
        assert curve(resumed) == curve(fitted)
        assert written(resumed) == files


def test_the_state_of_another_network_is_not_taken(splits: Splits, section: TrainingSection, memory: Any) -> None:
    section, kept = section.replaced(max_epochs=1), memory()
    fit(splits, section.with_settings({"width": 16}), "roc_auc", progress=kept)
    other = memory(kept.states[0])
    resumed = fit(splits, section.with_settings({"width": 24}), "roc_auc", progress=other)
    assert len(other.states) == 1
    assert resumed.settings["width"] == 24


def test_a_caller_stops_it(splits: Splits, section: TrainingSection) -> None:
    stopped = fit(splits, section, "roc_auc", on_epoch=lambda number, _: number < 2)
    assert (stopped.stopped, len(stopped.curve)) == ("pruned", 2)


def test_classes_weigh_what_the_plan_says(splits: Splits, section: TrainingSection, fitted: Fitted) -> None:
    """Fitted probabilities have the mean of the weighted classes."""
    weighted = fit(splits, section.replaced(class_weights={"yes": 20.0}, max_epochs=8), "roc_auc")
    assert weighted.validation[:, 1].mean() > 0.8 > 0.6 > fitted.validation[:, 1].mean()


@pytest.mark.usefixtures("fitted")
@pytest.mark.parametrize(
    ("changed", "settings", "code"),
    [
        ({}, {"widht": 3}, "unknown_setting"),
        ({}, {"dropout": 2}, "setting"),
        ({"class_weights": {"maybe": 2.0}}, {}, "class_weights"),
        ({"threads": 3}, {}, "threads_fixed"),  # this process has fitted with one
    ],
)
def test_what_cannot_be_fitted_is_refused(
    splits: Splits,
    section: TrainingSection,
    fitted: Fitted,
    changed: dict[str, Any],
    settings: dict[str, Any],
    code: str,
) -> None:
    with pytest.raises(TrainingError) as caught:
        fit(splits, section.replaced(**changed).with_settings(settings), "roc_auc")
    assert (caught.value.code, bool(caught.value.remedy)) == (code, True)


def test_a_loss_that_is_no_number_ends_it(splits: Splits, section: TrainingSection) -> None:
    numeric = splits.train.numeric.copy()
    numeric[3, 0] = np.nan
    broken = replace(splits, train=replace(splits.train, numeric=numeric))
    with pytest.raises(TrainingError, match="must be a finite number") as caught:
        fit(broken, section, "roc_auc")
    assert caught.value.code == "loss_not_finite"


def test_values_are_fitted_in_their_own_unit(diabetes: Dataset, section: TrainingSection) -> None:
    splits = load_rows(TrainingData(diabetes))
    fitted = fit(splits, section.replaced(max_epochs=8), "r2")
    truth = splits.truth
    residual = float(((truth - fitted.validation) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
    assert fitted.score == pytest.approx(1 - residual, abs=1e-9)
    assert fitted.score > 0.2


DROPS: str = """
import keras
import tensorflow as tf

class Shuffled(keras.layers.Layer):
    def call(self, values, training=False):
        return values + {noise} if training else values

def build_model(signature):
    numeric = keras.Input((len(signature.numeric),), name="numeric")
    hidden = keras.layers.Dense(8, activation="relu", kernel_regularizer="l2")(numeric)
    hidden = Shuffled()(keras.layers.Dropout(0.3)(keras.layers.BatchNormalization()(hidden)))
    return keras.Model(numeric, keras.layers.Dense(signature.outputs)(hidden))
"""


def test_a_users_random_numbers_and_means_go_on_too(
    fit_own: Callable[..., Fitted], memory: Any, mixed: Dataset
) -> None:
    kept = memory()
    whole = fit_own(DROPS.format(noise="0.0"), mixed, progress=kept)
    resumed = fit_own(DROPS.format(noise="0.0"), mixed, progress=memory(kept.states[0]))
    assert curve(resumed) == curve(whole)
    assert np.array_equal(resumed.validation, whole.validation)


def test_a_generator_that_cannot_be_read_is_not_resumed(
    fit_own: Callable[..., Fitted], memory: Any, mixed: Dataset
) -> None:
    noisy = DROPS.format(noise="tf.random.normal(tf.shape(values), stddev=0.1)")
    first, kept = fit_own(noisy, mixed), memory(b"not a state")
    assert curve(fit_own(noisy, mixed, progress=kept)) == curve(first)
    assert kept.states == [None, None]
