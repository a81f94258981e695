"""Which column is which class follows from the model's own labels, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import TrainingError
from sevenfold.training.foreign.labels import column_order

CLASSES = ("b", "c", "a")
CLEAR = np.eye(3) * 0.8 + 0.1 * (1 - np.eye(3))  # row k is largest in column k


def refusal(labels: list[object], probabilities: np.ndarray, classes: tuple[str, ...], message: str) -> None:
    kind = object if isinstance(labels[0], str) else np.int64
    with pytest.raises(TrainingError, match=message) as caught:
        column_order(np.array(labels, dtype=kind), probabilities, classes)
    assert caught.value.code == "model_outputs"


@given(st.permutations(range(4)), st.booleans())
def test_any_order_of_columns_is_read_off_the_rows(order: list[int], as_numbers: bool) -> None:
    classes = ("w", "z", "x", "y")
    rng = np.random.default_rng(1)
    columns = rng.dirichlet(np.ones(4), size=60)  # column j belongs to class order[j]
    said = [order[column] for column in columns.argmax(axis=1)]
    labels = np.array(said) if as_numbers else np.array([classes[index] for index in said], dtype=object)
    found = column_order(labels, columns, classes)
    assert [order[column] for column in found] == [0, 1, 2, 3]


def test_the_last_column_is_known_by_elimination() -> None:
    assert column_order(np.array(["no"] * 2, dtype=object), np.array([[0.9, 0.1], [0.8, 0.2]]), ("yes", "no")) == (1, 0)


def test_of_two_unknown_columns_the_order_must_be_the_only_one_that_fits() -> None:
    one = CLEAR[:1]
    assert column_order(np.array(["b"], dtype=object), one, CLASSES) == (0, 1, 2)  # sorted, it would be "a"
    assert column_order(np.array(["a"], dtype=object), one, CLASSES) == (1, 2, 0)  # as the classes stand, "b"
    ties = np.full((2, 3), 1 / 3)
    assert column_order(np.array(["a", "a"], dtype=object), ties, ("a", "b", "c")) == (0, 1, 2)
    refusal(["a"], ties[:1], CLASSES, "only 0 of 3 columns are ever the largest")
    refusal(["c"], one, CLASSES, "only 1 of 3")


def test_numbers_may_be_names() -> None:
    assert column_order(np.array([3, 5, 4]), CLEAR, ("5", "3", "4")) == (1, 0, 2)
    assert column_order(np.array([0, 1, 2]), CLEAR, ("0", "1", "2")) == (0, 1, 2)
    assert column_order(np.array([10]), CLEAR[[2]], ("10", "9", "8")) == (2, 1, 0)  # 8, 9, 10 and not 10, 8, 9


def test_numbers_that_are_positions_and_names_are_refused() -> None:
    refusal([0, 1], CLEAR[:2, :2], ("1", "0"), r"positions among the classes \['1', '0'\] and names of them")
    refusal([1, 2], CLEAR[:2], ("1", "2", "3"), "so that the labels are texts")


def test_labels_that_contradict_the_probabilities_are_refused() -> None:
    refusal(["a", "a", "b"], CLEAR, CLASSES, "where column 1 is the largest")
    refusal(["a", "b", "c", "b"], CLEAR[[0, 1, 2, 0]], CLASSES, "take the label off the graph")


def test_labels_that_are_no_classes_are_refused() -> None:
    refusal(["a", "d", "b"], CLEAR, CLASSES, r"says \['d'\], and the classes are \['b', 'c', 'a'\]")
    refusal([0, 1, 7], CLEAR, CLASSES, r"says \[0, 1, 7\]")
