"""The models that ours are compared with: boosted trees and a linear model of scikit-learn, and AutoGluon.

All of them get the rows and columns of a prepared dataset, before Sevenfold encodes them. Numbers that are missing stay
so; a moment becomes hour and weekday and, where the test rows are not a later period, days since 1970 and day of the
year: what suits the peers best.
"""

from __future__ import annotations

import json
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.pairs import children_cpu
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Kind, Task
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.training.encode import encode_target

__all__ = ["PEERS", "Rows", "Scored", "autogluon", "calendar", "measured", "read_rows", "score"]

Floats = NDArray[np.float64]
DAY: Final = 86_400_000_000  # microseconds
MOST_LEVELS: Final = 255  # that HistGradientBoosting takes of a category, the rest as one
AUTOGLUON_SECONDS: Final = 120

AUTOGLUON = """
import json, sys
import pandas as pd
from autogluon.tabular import TabularPredictor
folder, metric, seconds = sys.argv[1:]
train, test = (pd.read_parquet(f"{folder}/{part}.parquet") for part in ("train", "test"))
kind = "regression" if metric == "r2" else None  # it would take whole numbers of few values for classes
predictor = TabularPredictor("y", problem_type=kind, eval_metric=metric, path=f"{folder}/models", verbosity=0)
predictor.fit(train, presets="medium_quality", num_cpus=2, num_gpus=0, time_limit=float(seconds))
classes = predictor.problem_type in ("binary", "multiclass")
predicted = predictor.predict_proba(test)[predictor.class_labels] if classes else predictor.predict(test)
json.dump(predicted.to_numpy().tolist(), open(f"{folder}/predicted.json", "w"))
"""


@dataclass(frozen=True)
class Rows:
    """Rows of a split: `numbers` ``[n, N]`` with NaN for missing, `texts` ``[n, C]`` with "" for missing, `truth`."""

    numbers: Floats
    texts: NDArray[np.object_]
    truth: NDArray[Any]


@dataclass(frozen=True)
class Scored:
    """One model's score on the test rows, and the CPU seconds of its search and fit."""

    score: float
    cpu_seconds: float


Model = Callable[[Rows, NDArray[Any], int], NDArray[Any]]


def read_rows(dataset: Dataset, split: str, *, dates: bool = True) -> Rows:
    """Return a split of a dataset as peers read it; with `dates` as in `calendar`."""
    schema = dataset.schema
    table = dataset.table(split, [*schema.features, schema.target])
    feeds = feeds_from_table(table, schema.features)
    numbers, texts = list[Floats](), list[NDArray[np.object_]]()
    for name, column in schema.features.items():
        if column.kind is Kind.CATEGORY:
            texts.append(feeds[name])
        elif column.kind is Kind.DATETIME:
            numbers += calendar(feeds[name], feeds[f"{name}:missing"], dates=dates)
        else:
            numbers.append(feeds[name].astype(np.float64))
    target = table[schema.target]
    classes = schema.task is not Task.REGRESSION
    truth = np.array(encode_target(dataset.transform(), target) if classes else target.cast("double").to_numpy())
    shape = (len(truth), 0)
    return Rows(
        np.column_stack(numbers) if numbers else np.empty(shape),
        np.column_stack(texts) if texts else np.empty(shape, dtype=object),
        truth,
    )


def calendar(moments: NDArray[Any], missing: NDArray[Any], *, dates: bool = True) -> list[Floats]:
    """Return hour and weekday from Monday of microseconds since 1970; with `dates` days since then and of the year."""
    days, rest = np.divmod(moments, DAY)
    year = moments.astype("datetime64[us]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    parts = [rest / DAY * 24, (days + 3) % 7]
    parts += [days + rest / DAY, days - year + 1] if dates else []
    return [np.where(missing, np.nan, part.astype(np.float64)) for part in parts]


def boosting(train: Rows, test: Rows, task: Task, seed: int) -> NDArray[Any]:
    """HistGradientBoosting with its defaults, categories by its own treatment."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.preprocessing import OrdinalEncoder

    columns, later = [train.numbers], [test.numbers]
    count = train.numbers.shape[1]
    if train.texts.shape[1]:
        encoder = OrdinalEncoder(
            max_categories=MOST_LEVELS, handle_unknown="use_encoded_value", unknown_value=np.nan, dtype=np.float64
        )
        columns.append(encoder.fit_transform(train.texts))
        later.append(encoder.transform(test.texts))
    kind = HistGradientBoostingRegressor if task is Task.REGRESSION else HistGradientBoostingClassifier
    categories = list(range(count, count + train.texts.shape[1])) or None
    model = kind(categorical_features=categories, random_state=seed).fit(np.hstack(columns), train.truth)
    return _predicted(model, np.hstack(later), task)


def linear(train: Rows, test: Rows, task: Task, seed: int) -> NDArray[Any]:
    """Logistic or ridge regression with their defaults: medians and flags for what is missing, standardised; one-hot.

    Iterations suffice for the optimum; the default of 100 does not always.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    count, texts = train.numbers.shape[1], train.texts.shape[1]
    numeric = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    parts = [("numbers", numeric, slice(0, count))] if count else []
    if texts:
        parts.append(("texts", OneHotEncoder(handle_unknown="ignore"), slice(count, count + texts)))
    model = Ridge() if task is Task.REGRESSION else LogisticRegression(max_iter=2_000)
    joined = [np.hstack([rows.numbers.astype(object), rows.texts]) for rows in (train, test)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_pipeline(ColumnTransformer(parts), model).fit(joined[0], train.truth)
        return _predicted(fitted, joined[1], task)


def _predicted(model: Any, rows: NDArray[Any], task: Task) -> NDArray[Any]:
    return np.asarray(model.predict(rows) if task is Task.REGRESSION else model.predict_proba(rows))


PEERS: Final = {"boosting": boosting, "linear": linear}


def measured(model: Callable[..., NDArray[Any]], train: Rows, test: Rows, task: Task, metric: str, seed: int) -> Scored:
    """Fit one of `PEERS` and score it."""
    started = time.process_time()
    predicted = model(train, test, task, seed)
    return Scored(score(metric, test.truth, predicted), time.process_time() - started)


def score(metric: str, truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Return scikit-learn's score of probabilities ``[n, classes]`` or values ``[n]``."""
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

    if metric == "roc_auc":
        return float(roc_auc_score(truth, predicted[:, 1]))
    if metric == "accuracy":
        return float(accuracy_score(truth, predicted.argmax(axis=1)))
    return float(r2_score(truth, predicted))


def autogluon(python: str, train: Rows, test: Rows, metric: str) -> Scored:
    """Fit AutoGluon, medium quality on two cores, in a process of its own; `python` is one that has it installed."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("train", train), ("test", test)):
            frame = pd.DataFrame(rows.numbers, columns=[f"n{i}" for i in range(rows.numbers.shape[1])])
            for i in range(rows.texts.shape[1]):
                frame[f"t{i}"] = pd.Categorical(rows.texts[:, i])
            frame.assign(y=rows.truth).to_parquet(f"{folder}/{name}.parquet")
        cpu = children_cpu([python, "-c", AUTOGLUON, folder, metric, str(AUTOGLUON_SECONDS)])
        predicted = np.array(json.loads((Path(folder) / "predicted.json").read_text()))
    return Scored(score(metric, test.truth, predicted), cpu)
