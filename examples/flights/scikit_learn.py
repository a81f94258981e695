"""The flights model in scikit-learn: gradient boosted trees over codes of the texts, converted to ONNX by skl2onnx.

It needs the extra `examples`, and these lines in plan.yaml::

    training:
      framework: onnx
      source: scikit_learn.py

Tuning searches what `tuning.space` names, such as ``learning_rate: {low: 0.02, high: 0.3, log: true}``.

Two habits of the converter decide the form of the model. It rounds thresholds to float32, up as often as down, so the
trees grow on numbers in float32, and their thresholds are rounded down before: no such number then takes another
branch. And trees that are told of `categorical_features` become another model without an error, so texts are codes,
which trees cut like any number. `train` compares the graph with scikit-learn before it returns it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

    from sevenfold.training.foreign.dataset import TrainDataset

TOLERANCE = 1e-5  # of a probability; the graph adds up the trees in float32
SETTINGS = {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31, "l2_regularization": 0.0}


def train(dataset: TrainDataset, settings: dict[str, Any]) -> onnx.ModelProto:
    """Fit the trees and return them as ONNX; settings are those of `HistGradientBoostingClassifier` in `SETTINGS`."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    model = fit(dataset, settings)
    numbers, texts = columns(dataset)
    types = [(name, FloatTensorType([None, 1])) for name in numbers]
    types += [(name, StringTensorType([None, 1])) for name in texts]
    graph: onnx.ModelProto = convert_sklearn(model, initial_types=types, options={id(model): {"zipmap": False}})
    check(model, graph, dataset)
    return graph


def fit(dataset: TrainDataset, settings: dict[str, Any]) -> Any:
    """Return the fitted pipeline."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder
    from threadpoolctl import threadpool_limits

    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise ValueError(f"settings are {', '.join(SETTINGS)}, but got {', '.join(sorted(unknown))}")
    numbers, texts = columns(dataset)
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    trees = HistGradientBoostingClassifier(random_state=dataset.seed, **{**SETTINGS, **settings})
    model = make_pipeline(ColumnTransformer([("numbers", "passthrough", numbers), ("texts", codes, texts)]), trees)
    with threadpool_limits(dataset.threads):
        model.fit(
            frame(dataset, "train"),
            dataset.target("train"),
            histgradientboostingclassifier__sample_weight=dataset.sample_weight(),
        )
    round_down(trees)
    return model


def round_down(trees: Any) -> None:
    """Round the thresholds down to float32: a number in float32 is below the same ones as before."""
    for stage in trees._predictors:  # where the converter, too, finds the trees
        for tree in stage:
            exact = tree.nodes["num_threshold"]
            rounded = exact.astype(np.float32)
            tree.nodes["num_threshold"] = np.where(rounded > exact, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def columns(dataset: TrainDataset) -> tuple[list[str], list[str]]:
    """Return the names of the numbers and of the texts; moments are left out."""
    kinds = {name: column.kind.value for name, column in dataset.signature.inputs.items()}
    texts = [name for name, kind in kinds.items() if kind == "category"]
    return [name for name, kind in kinds.items() if kind not in ("category", "datetime")], texts


def frame(dataset: TrainDataset, split: Any) -> Any:
    """Return the features with numbers in float32."""
    return dataset.pandas(split).astype(dict.fromkeys(columns(dataset)[0], np.float32))


def check(model: Any, graph: onnx.ModelProto, dataset: TrainDataset) -> None:
    """Raise unless the graph predicts what scikit-learn does on the validation rows."""
    import onnxruntime

    rows = frame(dataset, "validation")
    wanted = {entry.name for entry in graph.graph.input}
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.run(["probabilities"], {name: rows[[name]].to_numpy() for name in rows if name in wanted})[0]
    difference = float(np.abs(given - model.predict_proba(rows)).max())
    if difference > TOLERANCE:
        raise ValueError(
            f"the graph must predict what scikit-learn does within {TOLERANCE}, but differs by {difference}"
        )
