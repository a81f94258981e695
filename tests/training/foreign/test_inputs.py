"""Every way of inputs gives the model the values that the columns hold, and what could mean two things is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foreign_models import graph
from model_kinds import table_dataset

from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import TrainingError
from sevenfold.contracts.schema import Kind, Task
from sevenfold.scoring.scorer import Scorer
from sevenfold.training.data import TrainingData
from sevenfold.training.encode import encode
from sevenfold.training.foreign.fit import scored
from sevenfold.training.foreign.inputs import input_form
from sevenfold.training.foreign.runtime import inputs_of

OUT = "(float[rows, 2] probabilities)"
SPREAD = """ one = Constant <value_float = 1.0> ()
             yes = Sigmoid (summed)
             no = Sub (one, yes)
             probabilities = Concat <axis = 1> (no, yes) """


def probability(data: TrainingData, model: object, tmp_path: Path) -> np.ndarray:
    """Return the probability of the positive class by model.onnx, once it agrees with the graph that was given."""
    fitted = scored(model, data, "log_loss", {})
    (tmp_path / "model.onnx").write_bytes(fitted.onnx_bytes(data))
    given = Scorer(tmp_path / "model.onnx", data.signature).predict(data.feeds("validation")).probabilities
    assert given is not None
    np.testing.assert_allclose(given, fitted.validation, atol=1e-6)
    return given[:, 1]


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def test_columns_come_by_name_in_any_type_and_shape(mixed: Dataset, tmp_path: Path) -> None:
    model = graph(
        f"""(int64[rows, 1] small, double[rows, 1] when, string[rows] color, float[rows] x) => {OUT} {{
        red = Constant <value_string = "red"> ()   five = Constant <value_float = 5.0> ()
        seconds = Constant <value_float = 1e15> ()   zero = Constant <value_float = 0.0> ()
        tall = Constant <value_ints = [-1, 1]> ()
        small_ = Cast <to = 1> (small)   days = Cast <to = 1> (when)   far = Div (days, seconds)
        is_red = Equal (color, red)   reds = Cast <to = 1> (is_red)   weighed = Mul (reds, five)
        gone = IsNaN (x)   known = Where (gone, zero, x)
        flat = Add (weighed, known)   column = Reshape (flat, tall)
        sums = Add (column, small_)   summed = Add (sums, far) {SPREAD} }}""",
        opsets='"": 21',
    )
    table = mixed.table("validation").to_pandas()
    when = table["when"].dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64) / 1e15
    expected = 5.0 * (table["color"] == "red") + table["x"].fillna(0) + table["small"] + when
    given = probability(TrainingData(mixed), model, tmp_path)
    np.testing.assert_allclose(given, sigmoid(expected.to_numpy(float)), atol=1e-6)
    assert table["x"].isna().any()


def test_a_moment_may_be_whole_microseconds_with_a_flag(mixed: Dataset, tmp_path: Path) -> None:
    model = graph(f"""(int64[rows] when, bool[rows] gone) => {OUT} {{
        micro = Constant <value_int = 86400000000> ()  tall = Constant <value_ints = [-1, 1]> ()
        week = Constant <value_int = 7> ()
        days = Div (when, micro)  weekday = Mod (days, week)
        number = Cast <to = 1> (weekday)  flag = Cast <to = 1> (gone)
        flat = Sub (number, flag)  summed = Reshape (flat, tall) {SPREAD} }}""")
    model.graph.input[1].name = "when:missing"
    next(node for node in model.graph.node if "gone" in node.input).input[0] = "when:missing"
    moments = mixed.table("validation")["when"].to_pandas()
    expected = ((moments - moments.min().__class__(0, tz="UTC")).dt.days % 7).to_numpy()
    given = probability(TrainingData(mixed), model, tmp_path)
    np.testing.assert_allclose(given, sigmoid(expected), atol=1e-6)


def test_the_networks_inputs_come_through_the_plans_preprocessing(mixed: Dataset, tmp_path: Path) -> None:
    data = TrainingData(mixed)
    width = len(data.signature.numeric)
    model = graph(f"""(int64[rows, C] categorical, float[rows, {width}] numeric) => {OUT} {{
        one_ = Constant <value_ints = [1]> ()
        codes = ReduceSum <keepdims = 1> (categorical, one_)   level = Cast <to = 1> (codes)
        all = ReduceSum <keepdims = 1> (numeric, one_)   summed = Sub (all, level) {SPREAD} }}""")
    encoded = encode(data.transform, data.feeds("validation"))
    expected = encoded.numeric.sum(axis=1) - encoded.categorical.sum(axis=1)
    given = probability(data, model, tmp_path)
    np.testing.assert_allclose(given, sigmoid(expected), atol=1e-5)
    assert np.ptp(given) > 0.5


@pytest.mark.parametrize("kind", ["float", "double"])
@pytest.mark.parametrize("width", ["4", "F"])
def test_numbers_may_come_as_one_matrix(kind: str, width: str, iris: Dataset, tmp_path: Path) -> None:
    model = graph(f"""({kind}[rows, {width}] X) => (float[rows, 3] out) {{
        weights = Constant <value = float[4, 3] {{1, 0, 0, 0, 1, 0, 0, 0, 1, -1, 0, 0}}> ()
        x = Cast <to = 1> (X)   out = MatMul (x, weights) }}""")
    data = TrainingData(iris)
    a, b, c, d = (iris.table("validation")[name].to_numpy() for name in "abcd")
    fitted = scored(model, data, "log_loss", {})
    powers = np.exp(np.stack([a - d, b, c], axis=1))
    np.testing.assert_allclose(fitted.validation, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)
    (tmp_path / "model.onnx").write_bytes(fitted.onnx_bytes(data))
    served = Scorer(tmp_path / "model.onnx", data.signature).predict(data.feeds("validation"))
    np.testing.assert_allclose(served.probabilities, fitted.validation, atol=1e-6)


@pytest.mark.parametrize("name", ["numeric", "X"])
def test_a_matrix_may_be_multiplied_by_a_vector(name: str, diabetes: Dataset, tmp_path: Path) -> None:
    """As converted Poisson regressions do; ONNX Runtime 1.32 is wrong where a Transpose comes right before it."""
    weights = ", ".join(str(2**index) for index in range(10))
    model = graph(f"""(float[rows, 10] {name}) => (float[rows] value) <float[10] w = {{{weights}}}> {{
        value = MatMul ({name}, w) }}""")
    data = TrainingData(diabetes)
    raw = np.stack([diabetes.table("validation")[f"c{index}"].to_numpy() for index in range(10)], axis=1)
    given = encode(data.transform, data.feeds("validation")).numeric if name == "numeric" else raw
    fitted = scored(model, data, "rmse", {})
    (tmp_path / "model.onnx").write_bytes(fitted.onnx_bytes(data))
    served = Scorer(tmp_path / "model.onnx", data.signature).predict(data.feeds("validation"))
    np.testing.assert_allclose(served.values, given @ 2.0 ** np.arange(10), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("float[rows] x, float[rows] y", r"takes \['y'\], which is no column"),
        ("string[rows] x", "'x' STRING .* kind number goes into DOUBLE or FLOAT"),
        ("int64[rows] x", "kind number goes into DOUBLE or FLOAT"),
        ("int64[rows] flag", "INT64 has no missing value.* NaN; or write nullable: false"),
        ("int64[rows] when", "INT64 has no missing value.* or add an input 'when:missing' BOOL"),
        ("float[rows] when", "kind datetime goes into DOUBLE or INT64"),
        ("int64[rows] color", "kind category goes into STRING. For codes take the input 'categorical'"),
        ("float[1, 1] x", "Leave the number of rows open"),
        ("float[rows, 2] x", "one value per row"),
        ("float[rows, 6] X", r"one matrix 'X' FLOAT \[any, 6\], but .* no number"),
        ("float[rows, 3] numeric", r"'numeric' FLOAT \[any, 3\], but the dataset has \d+ such"),
        ("double[rows, N] numeric", r"'numeric' is FLOAT \[rows, "),
    ],
)
def test_other_inputs_are_refused(inputs: str, message: str, mixed: Dataset) -> None:
    model = graph(f"({inputs}) => (float[rows, 2] out) {{ }}")
    with pytest.raises(TrainingError, match=message) as caught:
        input_form(inputs_of(model), TrainingData(mixed))
    assert caught.value.code == "model_inputs"


def test_a_matrix_of_another_width_is_refused(iris: Dataset) -> None:
    with pytest.raises(TrainingError, match=r"there are 4 features: \['a', 'b', 'c', 'd'\]"):
        input_form(inputs_of(graph("(float[rows, 5] X) => (float[rows, 3] out) { }")), TrainingData(iris))


HOSTILE = ("label", "probabilities", "value", "model:label", "in:0", "in:c0", "post:threshold", "numeric", "a b?")


def test_columns_may_have_the_names_of_the_graph(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [[*np.round(rng.normal(size=9), 3).tolist(), "yes" if index % 2 else "no"] for index in range(200)]
    columns = {**dict.fromkeys(HOSTILE, Kind.NUMBER), "target": Kind.CATEGORY}
    data = TrainingData(table_dataset(tmp_path, columns, rows, Task.BINARY))
    model = graph(f"""(float[rows, 1] label_, double[rows] post, float[rows, 1] in_) => {OUT} {{
        tall = Constant <value_ints = [-1, 1]> ()   flat = Cast <to = 1> (post)
        column = Reshape (flat, tall)   some = Add (column, label_)   summed = Sub (some, in_) {SPREAD} }}""")
    names = {"label_": "label", "post": "post:threshold", "in_": "in:0"}
    for entry in model.graph.input:
        entry.name = names[entry.name]
    for node in model.graph.node:
        renamed = [names.get(name, name) for name in node.input]
        del node.input[:]
        node.input.extend(renamed)
    table = data.dataset.table("validation")
    label, post, first = (table[name].to_numpy() for name in names.values())
    np.testing.assert_allclose(probability(data, model, tmp_path), sigmoid(label + post - first), atol=1e-6)


def test_a_column_called_numeric_makes_the_input_ambiguous(tmp_path: Path) -> None:
    rows = [[index % 7, "yes" if index % 3 else "no"] for index in range(60)]
    columns = {"numeric": Kind.INTEGER, "target": Kind.CATEGORY}
    data = TrainingData(table_dataset(tmp_path, columns, rows, Task.BINARY))
    with pytest.raises(TrainingError, match="could mean two things"):
        input_form(inputs_of(graph("(float[rows, 1] numeric) => (float[rows, 2] out) { }")), data)
