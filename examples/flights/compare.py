"""Compare a bundle with scikit-learn's models on the same split, each from the same columns of the same rows.

    python examples/flights/compare.py DATASET [BUNDLE]

`DATASET` is the folder that preparation sealed, `BUNDLE` what training sealed; a run leaves both among its artifacts.
Prints the area under the ROC curve on the test rows. scikit-learn (extra `bench`) is fitted on the training rows, with
its own preprocessing and default settings.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Kind
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.scoring.scorer import Scorer


def main() -> None:
    """Print one line per model."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    dataset = Dataset.open(Path(sys.argv[1]))
    for name, score in compare(dataset, Bundle.open(Path(sys.argv[2])) if len(sys.argv) == 3 else None).items():
        print(f"{name:<32} ROC AUC {score:.4f}")


def compare(dataset: Dataset, bundle: Bundle | None) -> dict[str, float]:
    """Return the area under the ROC curve on the test rows by model."""
    from sklearn.metrics import roc_auc_score

    positive = dataset.schema.classes[-1]
    truth = np.array(dataset.table("test")[dataset.schema.target].to_pylist()) == positive
    scores = {}
    for name, model in _peers(dataset).items():
        train = _frame(dataset, "train")
        model.fit(train, np.array(dataset.table("train")[dataset.schema.target].to_pylist()) == positive)
        scores[name] = float(roc_auc_score(truth, model.predict_proba(_frame(dataset, "test"))[:, 1]))
    if bundle is not None:
        scores["Sevenfold"] = float(roc_auc_score(truth, _served(dataset, bundle)))
    return scores


def _served(dataset: Dataset, bundle: Bundle) -> NDArray[Any]:
    inputs = bundle.signature.inputs
    prediction = Scorer(bundle.model_path, bundle.signature).predict(feeds_from_table(dataset.table("test"), inputs))
    assert prediction.probabilities is not None  # noqa: S101 — a binary task has them
    return prediction.probabilities[:, -1]


def _peers(dataset: Dataset) -> dict[str, Any]:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    numbers, texts = _columns(dataset)
    numeric = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    onehot = OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist")
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1, max_categories=254
    )
    boosting = HistGradientBoostingClassifier(
        categorical_features=[False] * len(numbers) + [True] * len(texts), random_state=7
    )
    return {
        "LogisticRegression": make_pipeline(
            ColumnTransformer([("numbers", numeric, numbers), ("texts", onehot, texts)]),
            LogisticRegression(max_iter=1_000),
        ),
        "HistGradientBoostingClassifier": make_pipeline(
            ColumnTransformer([("numbers", "passthrough", numbers), ("texts", codes, texts)]), boosting
        ),
    }


def _columns(dataset: Dataset) -> tuple[list[str], list[str]]:
    features = dataset.schema.features.items()
    texts = [name for name, column in features if column.kind is Kind.CATEGORY]
    return [name for name, column in features if column.kind in (Kind.NUMBER, Kind.INTEGER, Kind.BOOLEAN)], texts


def _frame(dataset: Dataset, split: str) -> Any:
    numbers, texts = _columns(dataset)
    frame = dataset.table(split, [*numbers, *texts]).to_pandas(strings_to_categorical=False)
    return frame.assign(
        **{name: frame[name].astype(float) for name in numbers},
        **{name: frame[name].astype(object).fillna("") for name in texts},
    )


if __name__ == "__main__":
    main()
