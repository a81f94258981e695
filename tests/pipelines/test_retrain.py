"""What a retraining runs: the plan, split by shares, with the serving model's dataset in two stages' settings."""

from __future__ import annotations

import json

from sevenfold.contracts.earlier import Earlier
from sevenfold.pipelines.retrain import retraining_plan
from sevenfold.pipelines.settings import stage_settings
from sevenfold.plan import parse_plan

DATED = """\
version: 1
name: demo
data:
  source: demo.csv
  target: y
  task: binary
  columns:
    a: {kind: number}
    day: {kind: datetime, role: time}
    y: {kind: category, role: target}
preparation:
  split: {by: time, column: day, validation_from: 2024-01-01, test_from: 2024-06-01, test_until: 2025-01-01}
monitoring: {replay: later}
"""


def test_the_dates_of_the_first_table_do_not_hold_for_the_next() -> None:
    plan = parse_plan(DATED)
    again = retraining_plan(plan)
    split = again.preparation.split
    assert (split.validation_from, split.test_from, split.test_until) == ("", "", "")
    assert (split.by, split.column, split.test) == (plan.preparation.split.by, "day", plan.preparation.split.test)
    assert again.monitoring.replay == "test"
    assert again.testing == plan.testing


def test_the_positive_class_stays_that_of_the_serving_model() -> None:
    plan = parse_plan(DATED)
    assert retraining_plan(plan).data.positive == ""
    assert retraining_plan(plan, "no").data.positive == "no"
    written = parse_plan(DATED.replace("task: binary", "task: binary\n  positive: yes it is"))
    assert retraining_plan(written, "no").data.positive == "yes it is"


def test_only_preparation_and_testing_hear_of_the_earlier_dataset() -> None:
    plan, earlier = parse_plan(DATED), Earlier(dataset="/runs/1/dataset", digest="sha256:ab", max_forgetting=0.1)
    first, again = stage_settings(plan), stage_settings(plan, earlier)
    assert {task for task in first if first[task] != again[task]} == {"prepare_data", "test_model"}
    for task in ("prepare_data", "test_model"):
        given = json.loads(again[task])
        assert Earlier.model_validate(given.pop("earlier")) == earlier
        assert given == json.loads(first[task])
