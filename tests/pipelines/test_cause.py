import json

import pytest

from sevenfold.pipelines.cause import describe_outcome


@pytest.mark.parametrize("state", ["SUCCEEDED", "COMPLETE"])
def test_a_run_that_ended_well_says_so(state: str) -> None:
    assert "finished" in describe_outcome(state, "", "")


def test_a_failure_tells_what_the_stage_left() -> None:
    left = json.dumps({"stage": "training", "code": "nan_loss", "message": "The loss is NaN.", "remedy": "Lower it."})
    assert describe_outcome("FAILED", "x", left) == "training failed (nan_loss): The loss is NaN. Lower it."


def test_a_failure_without_a_cause_points_to_the_log() -> None:
    assert "log" in describe_outcome("FAILED", "", "")
