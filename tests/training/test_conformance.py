"""What every kind of model promises, asked of every kind that is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_kinds import CASES, Case, Kept, changed, table_dataset

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Kind, Task
from sevenfold.plan.metrics import default_metric, higher_is_better
from sevenfold.scoring.scorer import Prediction, Scorer
from sevenfold.scoring.scores import score
from sevenfold.training.compare import compare
from sevenfold.training.data import TrainingData
from sevenfold.training.protocol import FittedModel, ModelKind

TABLES = ("mixed", "iris", "diabetes")
THERE = [case for case in CASES if case.present]
WITH_EPOCHS = pytest.mark.parametrize("case", [case for case in THERE if case.epochs], ids=lambda case: case.name)
WITH_SETTINGS = pytest.mark.parametrize("case", [case for case in THERE if case.settings], ids=lambda case: case.name)

OF_FITS = {  # settings that several kinds share, with another value than any default
    "learning_rate": 0.02,
    "weight_decay": 5.0,
    "averaging": 0.0,
    "max_norm": 1e-3,
    "schedule": "cosine",
    "penalty": 50.0,
    "dropout": 0.0,
    "width": 16,
}


@pytest.fixture(params=THERE, ids=lambda case: case.name, scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Dataset:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One row in twenty says yes."""
    rng = np.random.default_rng(4)
    rows = []
    for index in range(800):
        x, color = rng.normal(), str(rng.choice(["red", "blue"]))
        rows.append([f"{x + (index % 20 == 0):.4f}", color, "yes" if index % 20 == 0 else "no"])
    columns = {"x": Kind.NUMBER, "color": Kind.CATEGORY, "target": Kind.CATEGORY}
    return table_dataset(tmp_path_factory.mktemp("rare"), columns, rows, Task.BINARY)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Categories alone."""
    rng = np.random.default_rng(4)
    rows = []
    for index in range(300):
        one, other = str(rng.choice(["a", "b", ""])), str(rng.choice(["c", "d", "e"]))
        rows.append([one, other, f"{(one == 'a') + 2 * (other == 'c') + index % 5 / 10:.1f}"])
    columns = {"one": Kind.CATEGORY, "other": Kind.CATEGORY, "target": Kind.NUMBER}
    return table_dataset(tmp_path_factory.mktemp("texts"), columns, rows, Task.REGRESSION)


class Fit:
    """A fit of a kind, with what is asked of it."""

    def __init__(self, case: Case, dataset: Dataset, folder: Path, **changes: Any) -> None:
        self.section = case.section_of(folder, **changes)
        self.data = TrainingData(dataset)
        self.kind: ModelKind[Any] = case.kind(self.section)
        self.rows = self.kind.encode(self.data)
        self.metric = default_metric(dataset.schema.task)

    def __call__(self, metric: str = "", settings: Mapping[str, Any] | None = None, **options: Any) -> FittedModel:
        return self.kind.fit(self.rows, self.section.with_settings(settings or {}), metric or self.metric, **options)

    def content(self, fitted: FittedModel) -> dict[str, bytes]:
        """Return all that a bundle would hold of the model."""
        return {"model.onnx": fitted.onnx_bytes(self.data), **fitted.files(self.data, 0.5)}

    def served(self, fitted: FittedModel, folder: Path) -> Prediction:
        (folder / "model.onnx").write_bytes(fitted.onnx_bytes(self.data))
        return Scorer(folder / "model.onnx", self.data.signature).predict(self.data.feeds("validation"))


def digest(content: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(part).hexdigest() for name, part in content.items()}


@pytest.mark.parametrize("table", TABLES, indirect=True)
def test_the_file_predicts_what_the_model_does(case: Case, table: Dataset, tmp_path: Path) -> None:
    fit = Fit(case, table, tmp_path)
    fitted = fit()
    target = fit.data.transform.target
    assert compare(fitted.validation, fit.served(fitted, tmp_path), target.scale) <= 1e-5
    assert fitted.check(fit.data, fitted.onnx_bytes(fit.data)) <= 1e-5
    width = (len(target.classes),) if target.classes else ()
    assert fitted.validation.shape == (table.rows("validation"), *width)
    better_than = score(fit.metric, fit.data.truth, np.tile(_guess(fit.data), (len(fit.data.truth), *[1] * len(width))))
    sign = 1 if higher_is_better(fit.metric) else -1
    assert sign * fitted.score > sign * better_than


def _guess(data: TrainingData) -> Any:
    """The prediction of a model that knows the training rows' target alone."""
    target = data.target("train")
    if data.signature.task is Task.REGRESSION:
        return np.mean(target)
    return np.bincount(target) / len(target)


@pytest.mark.parametrize("table", TABLES, indirect=True)
def test_a_fit_repeats_bit_for_bit(case: Case, table: Dataset, tmp_path: Path) -> None:
    first, again = Fit(case, table, tmp_path), Fit(case, table, tmp_path)
    one, other = first(), again()
    assert digest(first.content(one)) == digest(again.content(other))
    assert [epoch.score for epoch in one.curve] == [epoch.score for epoch in other.curve]
    np.testing.assert_array_equal(one.validation, other.validation)


def test_the_seed_matters_where_something_is_drawn(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    fits = [Fit(case, mixed, tmp_path, seed=seed) for seed in (1, 2)]
    one, other = (digest(fit.content(fit())) for fit in fits)
    assert (one["model.onnx"] != other["model.onnx"]) == case.seeded


@pytest.mark.parametrize("table", ["mixed", "diabetes"], indirect=True)
def test_a_killed_fit_goes_on_to_the_same_bytes(case: Case, table: Dataset, tmp_path: Path) -> None:
    fit, whole = Fit(case, table, tmp_path), Kept()
    expected = fit(progress=whole)
    assert len(whole.states) in ([len(expected.curve)] if case.epochs or whole.states else [0])
    for done, state in enumerate(whole.states, start=1):
        seen, kept = [], Kept(state)
        fitted = Fit(case, table, tmp_path)(
            progress=kept, on_epoch=lambda number, value, seen=seen: seen.append((number, value)) or True
        )
        assert digest(fit.content(fitted)) == digest(fit.content(expected))
        assert seen == [(epoch.number, epoch.score) for epoch in expected.curve]
        assert [epoch.train_loss for epoch in fitted.curve] == [epoch.train_loss for epoch in expected.curve]
        assert not case.epochs or len(kept.states) == len(expected.curve) - done


def test_the_best_epoch_is_kept(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    fit = Fit(case, mixed, tmp_path, max_epochs=6)
    for metric in ("roc_auc", "log_loss"):
        fitted = fit(metric=metric)
        sign = 1 if higher_is_better(metric) else -1
        assert fitted.score == fitted.best.score == sign * max(sign * epoch.score for epoch in fitted.curve)
        assert fitted.best in fitted.curve
        assert score(metric, fit.data.truth, fitted.validation) == pytest.approx(fitted.score, abs=1e-9)
        assert [epoch.number for epoch in fitted.curve] == list(range(1, len(fitted.curve) + 1))


@WITH_EPOCHS
def test_patience_ends_a_fit(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    hasty = {"learning_rate": 1.0} if case.name == "trees" else {"learning_rate": 0.05, "averaging": 0}
    fitted = Fit(case, mixed, tmp_path, max_epochs=60, patience=1, settings=hasty)(metric="log_loss")
    assert fitted.stopped == "patience"
    assert fitted.best.number < len(fitted.curve) < 60


def test_the_caller_can_end_a_fit(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    fitted = Fit(case, mixed, tmp_path)(on_epoch=lambda number, value: False)
    assert fitted.stopped == "pruned" and len(fitted.curve) == 1


@WITH_SETTINGS
def test_a_setting_that_is_not_known_names_the_nearest(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    kind = Fit(case, mixed, tmp_path).kind
    for name in kind.effective_settings({}):
        with pytest.raises(TrainingError, match=f"Did you mean '{name}'") as caught:
            kind.effective_settings({name + "x": 1})
        assert caught.value.code == "unknown_setting"


@WITH_SETTINGS
def test_what_a_fit_is_set_to_changes_it(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    fit = Fit(case, mixed, tmp_path, max_epochs=2)
    known, plain = fit.kind.effective_settings({}), digest(fit.content(fit()))
    for name, other in OF_FITS.items():
        if name in known:
            assert known[name] != other
            assert digest(fit.content(fit(settings={name: other})))["model.onnx"] != plain["model.onnx"], name


@WITH_SETTINGS
def test_a_setting_out_of_bounds_is_refused(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    fit = Fit(case, mixed, tmp_path)
    for name in fit.kind.space():
        with pytest.raises(TrainingError, match=f"training.settings.{name}: .* but got -1000000") as caught:
            fit(settings={name: -1_000_000})
        assert caught.value.code == "setting"


def test_what_is_searched_are_settings_within_their_bounds(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    kind = Fit(case, mixed, tmp_path).kind
    for name, range_ in kind.space().items():
        ends = range_.choices if range_.choices is not None else (range_.low, range_.high)
        for end in ends:
            used = kind.effective_settings({name: int(end) if range_.integer else end})
            assert used[name] == end


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_a_loss_that_is_no_number_is_refused(case: Case, diabetes: Dataset, tmp_path: Path) -> None:
    """Standardised by so small a scale, the target is beyond every number."""
    broken = changed(diabetes, tmp_path / "broken", {}, {"scale": 1e-300})
    with pytest.raises(TrainingError) as caught:
        Fit(case, broken, tmp_path)()
    assert caught.value.code == "loss_not_finite"


def test_a_metric_without_a_value_is_refused(case: Case, mixed: Dataset, tmp_path: Path) -> None:
    truth = TrainingData(mixed).truth
    one_class = changed(mixed, tmp_path / "one", {"validation": np.flatnonzero(truth == truth[0]).tolist()})
    with pytest.raises(TrainingError, match="must be defined on the validation rows") as caught:
        Fit(case, one_class, tmp_path)(metric="roc_auc")
    assert caught.value.code == "score_undefined"


def test_class_weights_shift_what_is_predicted(case: Case, rare: Dataset, tmp_path: Path) -> None:
    means = {}
    for name, weights in {"none": {}, "balanced": "balanced", "less": {"yes": 0.1}}.items():
        fitted = Fit(case, rare, tmp_path, class_weights=weights, max_epochs=6)(metric="roc_auc")
        means[name] = fitted.validation[:, 1].mean()
    assert means["balanced"] > 3 * means["none"]
    assert means["less"] < means["none"] / 2


@pytest.mark.parametrize("weights", [{"maybe": 2.0}, "balanced"])
def test_class_weights_of_what_is_no_class_are_refused(
    weights: Any, case: Case, mixed: Dataset, diabetes: Dataset, tmp_path: Path
) -> None:
    dataset = diabetes if weights == "balanced" else mixed
    with pytest.raises(TrainingError, match="must name classes of the target") as caught:
        Fit(case, dataset, tmp_path, class_weights=weights)()
    assert caught.value.code == "class_weights"


def test_categories_alone_are_enough(case: Case, texts: Dataset, tmp_path: Path) -> None:
    assert_fits(Fit(case, texts, tmp_path), tmp_path)


@pytest.mark.parametrize("table", ["mixed", "iris"], indirect=True)
def test_a_training_row_per_class_is_enough(case: Case, table: Dataset, tmp_path: Path) -> None:
    target = TrainingData(table).target("train")
    rows = [int(np.flatnonzero(target == index)[0]) for index in range(target.max() + 1)]
    assert_fits(Fit(case, changed(table, tmp_path / "few", {"train": rows}), tmp_path), tmp_path)


@pytest.mark.parametrize("table", ["mixed", "diabetes"], indirect=True)
def test_a_validation_row_is_enough(case: Case, table: Dataset, tmp_path: Path) -> None:
    fit = Fit(case, changed(table, tmp_path / "one", {"validation": [0]}), tmp_path)
    assert_fits(fit, tmp_path, metric="rmse" if fit.metric == "rmse" else "log_loss")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_no_rows_are_refused(split: str, case: Case, mixed: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        Fit(case, changed(mixed, tmp_path / "none", {split: []}), tmp_path)
    assert caught.value.code == "no_rows"


def assert_fits(fit: Fit, folder: Path, **options: Any) -> None:
    """Check that a fit ends, and that its file predicts the same."""
    fitted = fit(**options)
    assert np.isfinite(fitted.validation).all()
    assert compare(fitted.validation, fit.served(fitted, folder), fit.data.transform.target.scale) <= 1e-5
