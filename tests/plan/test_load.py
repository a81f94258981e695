from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.contracts.errors import PlanError, Problem
from sevenfold.plan import Plan, load_plan, parse_plan


def problems(text: str) -> dict[str, Problem]:
    with pytest.raises(PlanError) as caught:
        parse_plan(text)
    return {problem.key: problem for problem in caught.value.problems}


def test_five_mistakes_are_told_at_once_each_with_its_line(text: str) -> None:
    wrong = (
        text.replace("name: houses", "name: My Houses")
        .replace("task: regression", "task: regresion")
        .replace("{kind: integer}", "{kind: integer, rol: feature}")
        + "tuning: {trials: -1}\ntesting:\n  gates:\n    - {metric: rmse}\n"
    )
    by_key = problems(wrong)
    assert {key: problem.line for key, problem in by_key.items()} == {
        "name": 2,
        "data.task": 6,
        "data.columns.rooms.rol": 8,
        "tuning.trials": 12,
        "testing.gates.0": 15,
    }
    assert by_key["data.columns.rooms.rol"].remedy == "Did you mean 'role'?"
    assert by_key["data.task"].value == "'regresion'"


def test_an_unknown_section_names_the_nearest(text: str) -> None:
    assert problems(text + "trainning: {}\n")["trainning"].remedy == "Did you mean 'training'?"


def test_a_missing_key_is_told_by_name(text: str) -> None:
    assert problems(text.replace("  target: price\n", ""))["data.target"].rule == "is required"


@pytest.mark.parametrize(
    ("added", "key"),
    [
        ("testing: {metric: roc_auc}\n", "testing.metric"),
        ("testing: {slices: [city]}\n", "testing.slices.0"),
        ("preparation: {split: {by: group, column: city}}\n", "preparation.split.column"),
        ("preparation: {split: {by: time, column: street}}\n", "preparation.split.column"),
        ("preparation: {split: {validation: 0.6, test: 0.5}}\n", "preparation.split.test"),
        (
            "preparation: {split: {by: time, column: sold, validation_from: 2013-07-01}}\n",
            "preparation.split.test_from",
        ),
        ("preparation: {encodings: {rooms: onehot}}\n", "preparation.encodings.rooms"),
        ("monitoring: {replay: later}\n", "monitoring.replay"),
        ("monitoring: {windows: 1, windows_drifted: 2}\n", "monitoring.windows_drifted"),
        ("retrain: {trigger: schedule}\n", "retrain.schedule"),
        ('retrain: {trigger: schedule, schedule: "0 3 * * *", every_hours: 12}\n', "retrain.schedule"),
        ('retrain: {trigger: schedule, schedule: "61 3 * * *"}\n', "retrain.schedule"),
        ('retrain: {trigger: schedule, schedule: "0 0 3 * * *"}\n', "retrain.schedule"),
        ('retrain: {trigger: drift, schedule: "0 3 * * *"}\n', "retrain.schedule"),
        ("retrain: {every_hours: 12}\n", "retrain.every_hours"),
        ("tuning: {space: {width: {low: 3, high: 1}}}\n", "tuning.space.width"),
        ("tuning: {ray: {cpu: 2}}\n", "tuning.ray"),
        ("tuning: {engine: ray, ray: {address: head}}\n", "tuning.ray.address"),
        ("tuning: {engine: ray, ray: {address: 'http://head:8265'}}\n", "tuning.ray.address"),
        ("tuning: {engine: ray, ray: {memory: 2GB}}\n", "tuning.ray.memory"),
        ("training: {framework: onnx}\n", "training.source"),
        ("training: {framework: onnx, source: ours.py, model: trees}\n", "training.model"),
        ("training: {source: ours.py, model: trees}\n", "training.model"),
        ("training: {class_weights: balanced}\n", "training.class_weights"),
    ],
)
def test_rules_between_sections(text: str, added: str, key: str) -> None:
    by_key = problems(text + added)
    assert list(by_key) == [key]
    assert by_key[key].line == 12
    assert by_key[key].remedy


@pytest.mark.parametrize("when", ['schedule: "0 3 * * *"', "every_hours: 12"])
def test_a_plan_may_be_retrained_by_the_clock(text: str, when: str) -> None:
    assert parse_plan(f"{text}retrain: {{trigger: schedule, {when}}}\n").retrain.trigger.value == "schedule"


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ("model: trees", "training.model"),
        ("model: linear", "training.model"),
        ("device: cuda", "training.device"),
    ],
)
def test_tensorflow_fits_networks_on_the_cpu(text: str, setting: str, key: str) -> None:
    by_key = problems(f"{text}training: {{framework: tensorflow, {setting}}}\n")
    assert list(by_key) == [key]
    assert by_key[key].remedy


@pytest.mark.parametrize("model", ["auto", "network"])
def test_a_plan_may_say_tensorflow(text: str, model: str) -> None:
    assert parse_plan(f"{text}training: {{framework: tensorflow, model: {model}}}\n").training.model == model


TENSORFLOW_SERVING = "deployment: {runtime: tensorflow-serving, target: kserve, strategy: replace}\n"


@pytest.mark.parametrize(
    ("added", "key", "remedy"),
    [
        (TENSORFLOW_SERVING, "deployment.runtime", "runtime: sevenfold"),
        (TENSORFLOW_SERVING.replace("kserve", "auto"), "deployment.target", "target: kserve"),
        (
            TENSORFLOW_SERVING.replace("replace", "canary"),
            "deployment.strategy",
            "strategy: replace, or approval: manual",
        ),
    ],
)
def test_tensorflow_serving_is_refused_where_it_cannot_serve(text: str, added: str, key: str, remedy: str) -> None:
    assert remedy in problems(text + added)[key].remedy


@pytest.mark.parametrize("more", ["", ", target: kserve, runtime: tensorflow-serving"])
def test_a_port_for_labels_is_refused_where_nothing_would_open_it(text: str, more: str) -> None:
    key = "deployment.feedback_secret"
    assert "--feedback-port" in problems(f"{text}deployment: {{feedback_secret: labels{more}}}\n")[key].remedy
    parse_plan(f"{text}deployment: {{feedback_secret: labels, target: kserve}}\n")


@pytest.mark.parametrize("how", ["strategy: replace", "strategy: canary, approval: manual"])
def test_what_tensorflow_serving_asks_of_a_plan_can_be_had(text: str, how: str) -> None:
    added = "training: {framework: tensorflow}\n" + TENSORFLOW_SERVING.replace("strategy: replace", how)
    assert parse_plan(text + added).training.framework == "tensorflow"


def test_two_targets_are_refused(text: str) -> None:
    assert "data.columns.price.role" in problems(text.replace("{kind: integer}", "{kind: integer, role: target}"))


def test_a_text_target_is_no_number(text: str) -> None:
    assert "data.columns.price.kind" in problems(text.replace("{kind: number, role", "{kind: category, role"))


def test_a_key_written_twice_is_refused(text: str) -> None:
    by_key = problems(text + "name: again\n")
    assert by_key["name"].line == 12


@pytest.mark.parametrize(
    "broken", ["", "[]", "a: [", "\t- x", "a: *nowhere", "!!python/object:os.system {}", "x: 2020-13-45"]
)
def test_what_is_no_plan_is_one_clear_error(broken: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse_plan(broken)
    assert caught.value.exit_status == 2
    assert "Traceback" not in str(caught.value)


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="sevenfold init"):
        load_plan(tmp_path / "plan.yaml")


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_a_plan_error(text: str) -> None:
    try:
        parse_plan(text)
    except PlanError as error:
        assert error.problems


def test_the_exported_schema_accepts_what_the_loader_accepts(text: str) -> None:
    validator = jsonschema.Draft202012Validator(Plan.json_schema())
    validator.check_schema(Plan.json_schema())
    assert list(validator.iter_errors(yaml.safe_load(text))) == []
    assert list(validator.iter_errors({**yaml.safe_load(text), "trainning": {}}))
