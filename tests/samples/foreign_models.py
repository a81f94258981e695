"""Sources with `train`, and small graphs, as people bring them."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import parser

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.schema import Kind

__all__ = ["FORESTS", "frame", "graph"]

# A forest compares in float32, as the graph does; it takes no missing value, so an imputer stands before it.
FORESTS = """
import numpy as np

def train(dataset, settings):
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows = dataset.pandas("train")
    texts = [name for name in rows if rows[name].dtype == object]
    numbers = [name for name in rows if name not in texts and dataset.signature.inputs[name].kind != "datetime"]
    kind = RandomForestClassifier if dataset.classes else RandomForestRegressor
    forest = kind(settings.get("trees", 8), min_samples_leaf=5, n_jobs=dataset.threads)  # drawn by the seed outside
    onehot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [("numbers", SimpleImputer(), numbers)] if numbers else []
    parts += [("texts", onehot, texts)] if texts else []
    model = make_pipeline(ColumnTransformer(parts), forest)
    model.fit(rows.astype(dict.fromkeys(numbers, np.float32)), TARGET, **WEIGHTS)
    train.models.append(model)
    types = [(name, FloatTensorType([None, 1])) for name in numbers] + [(n, StringTensorType([None, 1])) for n in texts]
    options = {id(model): {"zipmap": False}} if dataset.classes else {}
    return convert_sklearn(model, initial_types=types, options=options)

train.models = []
""".replace("**WEIGHTS", "**{kind.__name__.lower() + '__sample_weight': dataset.sample_weight()}")


def frame(dataset: Dataset, split: str) -> object:
    """Return the features of a split as scikit-learn takes them, made from the Parquet file and nothing else."""
    table = dataset.table(split, list(dataset.schema.features)).to_pandas()
    for name, column in dataset.schema.features.items():
        if column.kind is Kind.CATEGORY:
            table[name] = table[name].fillna("").astype(object)
        elif column.kind is not Kind.DATETIME:
            table[name] = table[name].astype(np.float32)
    return table


def graph(text: str, *, opsets: str = '"": 18', ir: int = 10) -> onnx.ModelProto:
    """Return a model from the textual form of its graph: ``(inputs) => (outputs) { nodes }``."""
    model: onnx.ModelProto = parser.parse_model(f"<ir_version: {ir}, opset_import: [{opsets}]> g {text}")
    return model
