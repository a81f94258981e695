"""A bundle with a recipe from OpenRefine: a predictor that takes raw rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from recipe_flats import Refined, expected, on
from sealed_folders import running_predictor

from sevenfold.scoring.client import InferenceClient
from sevenfold.scoring.feeds import feeds_from_table
from sevenfold.training.export.raw_example import example_request


@pytest.fixture(scope="module")
def address(refined: Refined) -> Iterator[int]:
    with running_predictor(refined.bundle.folder, refined.folder / "serving") as (_, port, _):
        yield port


@pytest.fixture(scope="module")
def crossing_address(crossing: Refined) -> Iterator[int]:
    with running_predictor(crossing.bundle.folder, crossing.folder / "serving") as (_, port, _):
        yield port


def ask(port: int, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    sent = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, sent, {"content-type": "application/json", **headers})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def probabilities(port: int, rows: list[dict[str, Any]], **headers: str) -> list[float]:
    status, answer = ask(port, "/v1/models/flats:predict", {"instances": rows}, **headers)
    assert status == 200, answer
    return [each["probabilities"]["yes"] for each in answer["predictions"]]


def test_raw_rows_get_the_predictions_of_refined_rows(refined: Refined, address: int) -> None:
    known = expected(refined, "test")
    rows = [row for row in refined.raw_rows()[0] if row["id"] in known]
    together = probabilities(address, rows)
    assert together == pytest.approx([known[row["id"]] for row in rows], abs=1e-6)
    alone = [probabilities(address, [row])[0] for row in rows[:20]]
    assert alone == pytest.approx(together[:20], abs=1e-6)


def test_tensors_of_raw_columns_too(refined: Refined, address: int) -> None:
    known = expected(refined, "test")
    rows = [row for row in refined.raw_rows()[0] if row["id"] in known]
    tensors = [
        {
            "name": name,
            "shape": [len(rows)],
            "datatype": "INT64" if name == "rooms" else "BYTES",
            "data": [int(row[name]) if name == "rooms" else row[name] for row in rows],
        }
        for name in refined.bundle.signature.raw_inputs
    ]
    status, answer = ask(address, "/v2/models/flats/infer", {"inputs": tensors})
    assert status == 200, answer
    numbers = next(output for output in answer["outputs"] if output["name"] == "probabilities")["data"]
    assert numbers[1::2] == pytest.approx([known[row["id"]] for row in rows], abs=1e-6)


def test_refined_rows_are_taken_where_the_request_says_so(refined: Refined, address: int) -> None:
    signature = refined.bundle.signature
    feeds = feeds_from_table(refined.dataset.table("test"), signature.inputs)
    with InferenceClient(f"http://127.0.0.1:{address}", "flats") as client:
        answer = client.infer(feeds, headers={"x-sevenfold-rows": "refined"})
    known = list(expected(refined, "test").values())
    assert answer["probabilities"][:, 1].tolist() == pytest.approx(known, abs=1e-6)
    status, refusal = ask(
        address, "/v1/models/flats:predict", {"instances": [{"rooms": 2}]}, **{"x-sevenfold-rows": "cooked"}
    )
    assert (status, refusal["error"]["code"]) == (400, "rows")


def test_a_refined_row_that_does_not_say_so_is_refused_instead_of_losing_its_values(address: int) -> None:
    row = {"city": "Chur", "rent": 900, "rooms": 3}
    status, answer = ask(address, "/v1/models/flats:predict", {"instances": [{"town": "Chur"}, row]})
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, "refined_field", "city")
    assert "x-sevenfold-rows: refined" in answer["error"]["message"]
    tensors = [{"name": name, "shape": [1], "datatype": "BYTES", "data": ["Chur"]} for name in ("town", "city")]
    status, answer = ask(address, "/v2/models/flats/infer", {"inputs": tensors})
    assert (status, answer["error"]["code"]) == (422, "refined_field")
    assert len(probabilities(address, [{"town": "Chur", "note": "-", "unknown": 1}])) == 1


def test_a_row_like_those_that_the_recipe_removes_is_answered_and_named(refined: Refined, address: int) -> None:
    rows, removed = refined.raw_rows()
    status, answer = ask(address, "/v1/models/flats:predict", {"instances": [rows[0], rows[removed[0]]]})
    assert (status, len(answer["predictions"])) == (200, 2)
    assert answer["not_trained_on"] == [1]
    columns = {name: [rows[at][name] for at in (removed[0], 0)] for name in ("town", "size", "rent")}
    tensors = [{"name": name, "shape": [2], "datatype": "BYTES", "data": texts} for name, texts in columns.items()]
    rooms = {"name": "rooms", "shape": [2], "datatype": "INT64", "data": [2, 3]}
    status, answer = ask(address, "/v2/models/flats/infer", {"inputs": [*tensors, rooms]})
    assert (status, answer["parameters"]["not_trained_on"]) == (200, "0")


def test_metadata_openapi_and_example_have_the_raw_columns(refined: Refined, address: int) -> None:
    raw = ["town", "size", "rent", "rooms"]
    _, described = ask(address, "/v2/models/flats")
    assert [each["name"] for each in described["inputs"]] == raw
    assert [each["datatype"] for each in described["inputs"]] == ["BYTES", "BYTES", "BYTES", "FP64"]
    assert described["parameters"]["rows"] == "raw"
    assert "step 7" in described["parameters"]["never_trained_on"]
    _, document = ask(address, "/openapi.json")
    assert list(document["components"]["schemas"]["Row"]["properties"]) == raw
    example = json.loads((refined.bundle.folder / "example_request.json").read_bytes())
    assert set(example["instances"][0]) == set(raw)
    assert len(probabilities(address, example["instances"])) == 2


def test_an_example_shows_no_text_of_which_the_recipe_leaves_nothing(refined: Refined) -> None:
    signature = refined.bundle.signature
    assert signature.refinement is not None
    assert signature.refinement.examples["rent"] == "on request"
    row = {"city": "Chur", "rent": 900, "size 1": 4, "size 2": 5, "rooms": 2}
    (example,) = example_request([row], signature)
    assert (example["rent"], example["rooms"]) == ("900", 2)
    digits = on("text-transform", "town", expression="value.toNumber()", onError="set-to-blank")
    steps = (digits, *signature.refinement.steps)
    blank = signature.model_copy(update={"refinement": signature.refinement.model_copy(update={"steps": steps})})
    assert example_request([row], blank)[0]["town"] is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5.5, "wrong_type"),
        (True, "wrong_type"),
        (["Chur"], "wrong_type"),
        ("a\x00b", "encoding"),
        ("a" * 70_000, "too_long"),
    ],
)
def test_a_cell_that_no_table_holds_is_refused_by_name(value: Any, code: str, address: int) -> None:
    status, answer = ask(address, "/v1/models/flats:predict", {"instances": [{"town": value, "rooms": 2}]})
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, code, "town")


def test_a_whole_number_is_the_text_of_its_digits(address: int) -> None:
    row = {"town": "Chur", "size": "5x5", "rooms": 3}
    assert probabilities(address, [row | {"rent": 1200}]) == probabilities(address, [row | {"rent": "CHF 1200"}])


def test_the_counters_count_refined_values(refined: Refined) -> None:
    with running_predictor(refined.bundle.folder, refined.folder / "counted") as (_, port, _):
        probabilities(port, [{"town": " zürich", "size": "4x4", "rent": "CHF 900", "rooms": 2}])
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        connection.close()
    counted = [line for line in page.splitlines() if "feature_bin" in line and 'feature="city"' in line]
    assert [line.rsplit(" ", 1)[1] for line in counted if 'bin="Zürich"' in line and "reference" not in line] == ["1.0"]
    assert 'feature="town"' not in page


def test_a_bundle_whose_recipe_crosses_rows_says_so_and_takes_refined_rows(
    crossing: Refined, crossing_address: int
) -> None:
    _, described = ask(crossing_address, "/v2/models/flats")
    assert described["parameters"]["rows"] == "refined"
    assert "step 8 (core/fill-down)" in described["parameters"]["refined_only"]
    assert [each["name"] for each in described["inputs"]] == list(crossing.bundle.signature.inputs)
    row = dict.fromkeys(crossing.bundle.signature.inputs) | {"city": "Chur", "size 1": 4, "size 2": 5, "rooms": 2}
    assert len(probabilities(crossing_address, [row])) == 1
    status, answer = ask(
        crossing_address, "/v1/models/flats:predict", {"instances": [row]}, **{"x-sevenfold-rows": "raw"}
    )
    assert (status, answer["error"]["code"]) == (422, "refined_only")
