from pathlib import Path

import pytest

from sevenfold.contracts.errors import PlanError
from sevenfold.plan import Plan, TrainingSection, parse_plan


def test_comments_order_and_written_defaults_change_no_digest(text: str, plan: Plan) -> None:
    other = "# a comment\n" + text + "training: {max_epochs: 20, seed: 7}\n"
    assert parse_plan(other).model_digest == plan.model_digest


def test_gates_and_alerts_change_no_digest_but_training_does(text: str, plan: Plan) -> None:
    gate = parse_plan(text + "testing: {gates: [{metric: rmse, at_most: 3}]}\nmonitoring: {psi: 0.2}\n")
    longer = parse_plan(text + "training: {max_epochs: 21}\n")
    assert gate.model_digest == plan.model_digest
    assert longer.model_digest != plan.model_digest


def test_where_the_table_lies_changes_no_digest(plan: Plan) -> None:
    assert plan.located(Path("/somewhere")).model_digest == plan.model_digest


def test_located_makes_local_paths_absolute_and_leaves_addresses(text: str) -> None:
    local = parse_plan(text).located(Path("/plans"))
    remote = parse_plan(text.replace("houses.csv", "s3://bucket/houses.csv")).located(Path("/plans"))
    assert local.data.source == "/plans/houses.csv"
    assert remote.data.source == "s3://bucket/houses.csv"


def test_a_section_survives_its_settings() -> None:
    section = TrainingSection(settings={"width": 64, "rate": 0.1})
    assert TrainingSection.from_settings(section.to_settings()) == section


def test_replaced_takes_what_is_given_and_keeps_the_rest() -> None:
    section = TrainingSection(max_epochs=9)
    assert section.replaced(max_epochs=None, seed=3) == TrainingSection(max_epochs=9, seed=3)


def test_an_address_of_prometheus_with_a_secret_is_refused_and_not_shown(text: str) -> None:
    for address in ("http://me:secret@prometheus:9090", "https://prometheus/?token=secret", "prometheus:9090"):
        with pytest.raises(PlanError) as caught:
            parse_plan(text + f"monitoring: {{prometheus: '{address}'}}\n")
        assert [problem.key for problem in caught.value.problems] == ["monitoring.prometheus"]
        assert "secret" not in str(caught.value)
    assert parse_plan(text + "monitoring: {prometheus: 'https://prometheus.example.org/team'}\n")


@pytest.mark.parametrize("stage", ["tuning", "training"])
def test_a_gpu_that_would_idle_is_not_reserved(text: str, stage: str) -> None:
    wanted = f"resources: {{{stage}: {{gpu: 1}}}}\n"
    with pytest.raises(PlanError, match=r"training\.device: cuda"):
        parse_plan(text + wanted)
    assert parse_plan(text + wanted + "training: {device: cuda}\n").training.device == "cuda"


def test_what_computes_a_fit_is_part_of_its_digest(text: str, plan: Plan) -> None:
    assert parse_plan(text + "training: {device: cpu}\n").model_digest == plan.model_digest
    assert parse_plan(text + "training: {device: cuda}\n").model_digest != plan.model_digest
    assert parse_plan(text + "training: {processes: 1}\n").model_digest == plan.model_digest
    assert parse_plan(text + "training: {processes: 2}\n").model_digest != plan.model_digest


@pytest.mark.parametrize("other", ["model: trees", "model: linear", "framework: tensorflow"])
def test_only_a_network_of_pytorch_is_fitted_in_several_processes(text: str, other: str) -> None:
    assert parse_plan(text + "training: {processes: 2, model: network}\n").training.processes == 2
    with pytest.raises(PlanError, match=r"training\.processes"):
        parse_plan(text + f"training: {{processes: 2, {other}}}\n")
