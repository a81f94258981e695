"""Labels that come back over a port of their own: what is counted, who is admitted, and what is refused."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import jsonschema
import numpy as np
import pytest
import schemathesis
from metrics_page import parse_metrics
from sealed_folders import running_predictor
from sklearn.metrics import brier_score_loss, confusion_matrix, log_loss, roc_auc_score

from sevenfold.contracts.schema import Task
from sevenfold.drift import telemetry
from sevenfold.drift.telemetry import Metric

CREDENTIAL = "a-credential-of-many-characters"
PATH = "/v1/models/flights:feedback"


class Port:
    """A predictor with its port for labels."""

    def __init__(self, port: int, feedback_port: int) -> None:
        self.port, self.feedback_port = port, feedback_port

    def request(
        self, method: str, path: str, body: Any = None, *, port: int = 0, credential: str = CREDENTIAL, **headers: str
    ) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", port or self.feedback_port, timeout=20)
        try:
            sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            bearer = {"authorization": f"Bearer {credential}"} if credential else {}
            connection.request(method, path, body=sent, headers={**bearer, **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def feed(self, rows: list[Any], labels: list[Any], **more: Any) -> tuple[int, Any]:
        return self.request("POST", PATH, {"instances": rows, "labels": labels, **more})

    def predict(self, rows: list[Any]) -> list[Any]:
        status, answer = self.request("POST", "/v1/models/flights:predict", {"instances": rows}, port=self.port)
        assert status == 200
        return list(answer["predictions"])

    def counts(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/metrics")
            return parse_metrics(connection.getresponse().read().decode())
        finally:
            connection.close()


def total(counts: dict[Any, float], metric: Metric, **labels: str) -> float:
    return sum(value for (name, pairs), value in counts.items() if name == metric.name and labels.items() <= pairs)


@pytest.fixture(scope="module")
def opened(samples: dict[Task, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Task], Port]]:
    """Open a predictor for a task, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEVENFOLD_FEEDBACK_CREDENTIAL", CREDENTIAL)
        with contextlib.ExitStack() as stack:
            ports: dict[Task, Port] = {}

            def port_of(task: Task) -> Port:
                if task not in ports:
                    folder = tmp_path_factory.mktemp(task)
                    options = ("--feedback-port", "0", "--max-batch", "500")
                    bundle = samples[task].bundle.folder
                    stack.enter_context(running_predictor(bundle, folder, *options))
                    address = json.loads((folder / "port.json").read_text())
                    ports[task] = Port(address["port"], address["feedback_port"])
                return ports[task]

            yield port_of


@pytest.fixture
def binary(opened: Callable[[Task], Port]) -> Port:
    return opened(Task.BINARY)


def rows_of(sample: Any, count: int) -> tuple[list[Any], list[Any]]:
    """Rows of the sample's table as requests write them, and their targets."""
    table = sample.dataset.table("train").slice(0, count)
    rows = table.drop_columns(["delay"]).to_pylist()
    for row in rows:
        row["departure"] = row["departure"] and row["departure"].isoformat()
    return rows, table["delay"].to_pylist()


def probabilities_of(answers: list[Any], classes: list[str]) -> np.ndarray:
    given = np.array([[answer["probabilities"][name] for name in classes] for answer in answers])
    return given / given.sum(axis=1, keepdims=True)  # scikit-learn asks for more than float32 gives


def test_a_binary_model_is_scored_as_its_answers_say(binary: Port, samples: dict[Task, Any]) -> None:
    rows, labels = rows_of(samples[Task.BINARY], 300)
    answers = binary.predict(rows)
    before = binary.counts()
    assert binary.feed(rows, labels) == (
        200,
        {"rows": 300, "scored": 300, "missing": 0, "unknown": 0, "left_out": 0, "repeated": False},
    )
    after = binary.counts()

    def rise(metric: Metric, **of: str) -> float:
        return total(after, metric, **of) - total(before, metric, **of)

    predicted = [answer["label"] for answer in answers]
    assert rise(telemetry.FEEDBACK_CORRECT) == sum(map(str.__eq__, labels, predicted))
    table = confusion_matrix(labels, predicted, labels=["no", "yes"])
    for true, row in zip(("no", "yes"), table, strict=True):
        for name, count in zip(("no", "yes"), row, strict=True):
            assert rise(telemetry.FEEDBACK_CONFUSION, true=true, predicted=name) == count
    # rows that come back are neither predictions nor requests of users, nor values of features
    for metric in (telemetry.PREDICTIONS, telemetry.REQUESTS, telemetry.FEATURE_BINS, telemetry.PREDICTION_BINS):
        assert rise(metric) == 0

    late, given = [label == "yes" for label in labels], [answer["probabilities"]["yes"] for answer in answers]
    assert rise(telemetry.FEEDBACK_LOG_LOSS) == pytest.approx(log_loss(late, given, normalize=False), rel=1e-6)
    assert rise(telemetry.FEEDBACK_BRIER) == pytest.approx(300 * brier_score_loss(late, given), rel=1e-6)

    bins = {dict(pairs)["bin"] for name, pairs in after if name == telemetry.FEEDBACK_BELOW.name}
    above = {b: rise(telemetry.FEEDBACK_POSITIVES, bin=b) for b in bins}
    pairs = sum(above[b] * rise(telemetry.FEEDBACK_BELOW, bin=b) for b in bins)
    shared = sum(above[b] * rise(telemetry.FEEDBACK_NEGATIVES, bin=b) for b in bins)
    positive, negative = labels.count("yes"), labels.count("no")
    exact = roc_auc_score(late, given)
    assert abs(pairs / positive / negative - exact) <= shared / 2 / positive / negative
    assert pairs / positive / negative == pytest.approx(exact, abs=0.01)


def test_several_classes_are_counted_pair_by_pair(opened: Callable[[Task], Port], samples: dict[Task, Any]) -> None:
    port = opened(Task.MULTICLASS)
    rows, labels = rows_of(samples[Task.MULTICLASS], 200)
    answers = port.predict(rows)
    predicted = [answer["label"] for answer in answers]
    assert port.feed(rows, labels)[0] == 200
    counts = port.counts()
    names = ["early", "on time", "late"]
    for true, row in zip(names, confusion_matrix(labels, predicted, labels=names), strict=True):
        for name, count in zip(names, row, strict=True):
            assert total(counts, telemetry.FEEDBACK_CONFUSION, true=true, predicted=name) == count
    assert total(counts, telemetry.FEEDBACK_CORRECT) == sum(map(str.__eq__, labels, predicted))
    given, happened = probabilities_of(answers, names), np.array(labels)[:, None] == names
    expected = log_loss(labels, probabilities_of(answers, sorted(names)), labels=sorted(names), normalize=False)
    assert total(counts, telemetry.FEEDBACK_LOG_LOSS) == pytest.approx(expected, rel=1e-6)
    assert total(counts, telemetry.FEEDBACK_BRIER) == pytest.approx(((given - happened) ** 2).sum(), rel=1e-6)

    bins = {dict(pairs)["bin"] for name, pairs in counts if name == telemetry.FEEDBACK_CLASS_BELOW.name}
    areas = []
    for name in names:
        above = {b: total(counts, telemetry.FEEDBACK_CLASS_POSITIVES, bin=b, **{"class": name}) for b in bins}
        won = sum(above[b] * total(counts, telemetry.FEEDBACK_CLASS_BELOW, bin=b, **{"class": name}) for b in bins)
        assert sum(above.values()) == labels.count(name)
        areas.append(won / labels.count(name) / (200 - labels.count(name)))
    exact = roc_auc_score(labels, probabilities_of(answers, sorted(names)), labels=sorted(names), multi_class="ovr")
    assert np.mean(areas) == pytest.approx(exact, abs=0.01)


def test_errors_of_a_regression_add_up(opened: Callable[[Task], Port], samples: dict[Task, Any]) -> None:
    port = opened(Task.REGRESSION)
    rows, labels = rows_of(samples[Task.REGRESSION], 200)
    errors = np.array(port.predict(rows)) - np.array(labels)
    assert port.feed(rows, [*labels[:-1], None])[1]["missing"] == 1
    counts = port.counts()
    for metric, power in (
        (telemetry.FEEDBACK_ABSOLUTE, 1),
        (telemetry.FEEDBACK_SQUARED, 2),
        (telemetry.FEEDBACK_FOURTH, 4),
    ):
        assert total(counts, metric) == pytest.approx((np.abs(errors[:-1]) ** power).sum(), rel=1e-9)
    assert total(counts, telemetry.FEEDBACK_ROWS, label="scored") == 199


def test_labels_that_say_nothing_are_counted_apart(binary: Port, good_row: dict[str, Any]) -> None:
    before = binary.counts()
    labels = ["yes", " no ", None, "", "maybe", 3]
    answer = {"rows": 6, "scored": 2, "missing": 2, "unknown": 2, "left_out": 0, "repeated": False}
    assert binary.feed([good_row] * 6, labels) == (200, answer)
    after = binary.counts()
    for label, count in (("scored", 2), ("missing", 2), ("unknown", 2), ("left_out", 0)):
        metric = telemetry.FEEDBACK_ROWS
        assert total(after, metric, label=label) - total(before, metric, label=label) == count


def test_a_batch_with_an_id_counts_once(binary: Port, good_row: dict[str, Any]) -> None:
    before = total(binary.counts(), telemetry.FEEDBACK_ROWS)
    answers = [binary.feed([good_row], ["yes"], id="monday")[1] for _ in range(3)]
    assert [answer["repeated"] for answer in answers] == [False, True, True]
    assert total(binary.counts(), telemetry.FEEDBACK_ROWS) == before + 1
    status, answer = binary.feed([good_row], ["no"], id="monday")
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (409, "id_reused", "id")
    assert binary.feed([good_row], ["no"], id="tuesday")[0] == 200


@pytest.mark.parametrize("credential", ["", "wrong", CREDENTIAL[:-1], CREDENTIAL + "x", "\xff" * 20])
def test_nobody_feeds_back_without_the_credential(binary: Port, good_row: dict[str, Any], credential: str) -> None:
    before = binary.counts()
    body = {"instances": [good_row], "labels": ["yes"]}
    status, answer = binary.request("POST", PATH, body, credential=credential)
    assert (status, answer["error"]["code"]) == (401, "credential")
    assert total(binary.counts(), telemetry.FEEDBACK_ROWS) == total(before, telemetry.FEEDBACK_ROWS)


def test_each_port_answers_its_own_addresses_alone(binary: Port, good_row: dict[str, Any]) -> None:
    body = {"instances": [good_row], "labels": ["yes"]}
    assert binary.request("POST", PATH, body, port=binary.port)[0] == 404
    assert binary.request("POST", "/v1/models/flights:predict", body)[0] == 404
    assert binary.request("GET", "/metrics")[0] == 404
    assert binary.request("GET", PATH)[0] == 405
    status, document = binary.request("GET", "/openapi.json", credential="")
    assert (status, list(document["paths"])) == (200, [PATH])
    schemathesis.openapi.from_dict(document).validate()


def test_what_the_port_answers_is_what_its_document_says(binary: Port, good_row: dict[str, Any]) -> None:
    _, document = binary.request("GET", "/openapi.json")
    described = document["paths"][PATH]["post"]
    sent = described["requestBody"]["content"]["application/json"]["schema"]
    body = {"instances": [good_row], "labels": ["yes"], "id": "described"}
    whole = {"components": document["components"], **sent}
    jsonschema.Draft202012Validator(whole).validate(body)
    assert not jsonschema.Draft202012Validator(whole).is_valid({**body, "more": 1})
    status, answer = binary.request("POST", PATH, body)
    jsonschema.validate(answer, described["responses"][str(status)]["content"]["application/json"]["schema"])
    assert {"401", "409", "422"} <= set(described["responses"])


BAD: list[tuple[Callable[[dict[str, Any]], Any], int, str, str]] = [
    (lambda row: {"instances": [row]}, 422, "shape", ""),
    (lambda row: {"instances": [row], "labels": ["yes"], "more": 1}, 422, "shape", ""),
    (lambda row: {"instances": [row], "labels": "yes"}, 422, "shape", ""),
    (lambda row: [row], 422, "shape", ""),
    (lambda row: b"", 400, "empty_body", ""),
    (lambda row: {"instances": [row, row], "labels": ["yes"]}, 422, "labels", "2 labels"),
    (lambda row: {"instances": [row, row], "labels": ["yes", ["no"]]}, 422, "wrong_label", "labels[1]"),
    (lambda row: {"instances": [row], "labels": ["yes"], "id": ""}, 422, "id", "128"),
    (lambda row: {"instances": [row], "labels": ["yes"], "id": 7}, 422, "id", "128"),
    (
        lambda row: {"instances": [row, row | {"seats": "many"}], "labels": ["yes"] * 2},
        422,
        "wrong_type",
        "instances[1]",
    ),
    (lambda row: {"instances": [row, {"AGE": 1}, row], "labels": ["yes"] * 3}, 422, "unknown_fields", "instances[1]"),
    (lambda row: {"instances": [row] * 501, "labels": ["yes"] * 501}, 413, "too_many_rows", "500"),
]


@pytest.mark.parametrize(("body", "status", "code", "shown"), BAD)
def test_a_bad_batch_is_refused_whole(
    binary: Port, good_row: dict[str, Any], body: Any, status: int, code: str, shown: str
) -> None:
    before = total(binary.counts(), telemetry.FEEDBACK_ROWS)
    got, answer = binary.request("POST", PATH, body(good_row))
    assert (got, answer["error"]["code"]) == (status, code)
    assert shown in answer["error"]["message"]
    assert total(binary.counts(), telemetry.FEEDBACK_ROWS) == before


def test_a_far_label_does_not_drown_what_comes_after(opened: Callable[[Task], Port], good_row: dict[str, Any]) -> None:
    port = opened(Task.REGRESSION)
    assert port.feed([good_row] * 2, [1e300, -(10**20)])[0] == 200
    sums = [total(port.counts(), metric) for metric in (telemetry.FEEDBACK_SQUARED, telemetry.FEEDBACK_FOURTH)]
    assert np.isfinite(sums).all()
    assert port.feed([good_row], ["12"])[1]["error"]["code"] == "wrong_label"
    assert port.feed([good_row], [True])[1]["error"]["code"] == "wrong_label"
