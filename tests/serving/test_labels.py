from __future__ import annotations

import numpy as np
import pytest

from sevenfold.serving.labels import wrong_labels

CLASSES = ("no", "yes")


@pytest.mark.parametrize(
    ("served", "positive", "wrong"),
    [
        (["no", "yes"], [0.2, 0.4], 0),
        (["no", "no"], [0.2, 0.4], 1),
        (["yes", "no"], [0.2, 0.4], 2),
        (["no", "no"], [0.2, 0.3 + 1e-6], 0),  # so near the threshold, both classes agree with the test
        (["no"], [0.2, 0.4], 2),
        (["no", "other"], [0.2, 0.4], 1),
    ],
)
def test_labels_are_those_of_the_threshold(served: list[str], positive: list[float], wrong: int) -> None:
    given = np.array(positive)
    tested = np.stack([1 - given, given], axis=1)
    assert wrong_labels(served, tested, CLASSES, threshold=0.3, within=1e-6) == wrong


def test_of_more_classes_the_most_probable_counts() -> None:
    tested = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])
    assert wrong_labels(["b", "b"], tested, ("a", "b", "c"), threshold=0.5, within=1e-6) == 0
    assert wrong_labels(["c", "a"], tested, ("a", "b", "c"), threshold=0.5, within=1e-6) == 1
