import pytest

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.vertex.parameters import checked_parameters

DOCUMENT = {
    "root": {
        "inputDefinitions": {
            "parameters": {
                "data": {"parameterType": "STRING", "defaultValue": "", "isOptional": True},
                "trials": {"parameterType": "NUMBER_INTEGER", "defaultValue": -1.0},
                "rate": {"parameterType": "NUMBER_DOUBLE", "isOptional": True},
                "cached": {"parameterType": "BOOLEAN", "isOptional": True},
            }
        }
    }
}


def test_values_of_their_kinds_are_taken_as_they_are() -> None:
    values = {"data": "gs://b/t.csv", "trials": 3, "rate": 2, "cached": True}
    assert checked_parameters(DOCUMENT, values) == values


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"trials": None}, "'trials' must be an integer, but is None"),
        ({"trials": "1"}, "'trials' must be an integer, but is '1'"),
        ({"trials": 1.5}, "'trials' must be an integer, but is 1.5"),
        ({"trials": True}, "'trials' must be an integer, but is True"),
        ({"rate": float("nan")}, "'rate' must be finite, but is nan"),
        ({"cached": 1}, "'cached' must be true or false, but is 1"),
        ({"data": 7}, "'data' must be text, but is 7"),
        ({"trails": 1}, "'trails' must be one of cached, data, rate, trials, but is an unknown one"),
    ],
)
def test_what_the_client_would_bend_is_refused(values: dict[str, object], rule: str) -> None:
    with pytest.raises(PolicyError, match=rule):
        checked_parameters(DOCUMENT, values)


def test_a_value_that_is_needed_must_be_given() -> None:
    document = {"root": {"inputDefinitions": {"parameters": {"bundle": {"parameterType": "STRING"}}}}}
    with pytest.raises(PolicyError, match="'bundle' must be given"):
        checked_parameters(document, {})
