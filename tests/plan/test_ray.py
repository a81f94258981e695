from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from sevenfold.contracts.errors import PlanError
from sevenfold.plan.load import parse_plan
from sevenfold.plan.plan import Plan
from sevenfold.plan.ray import PreparationRaySection, RayClusterSection, RaySection
from sevenfold.plan.rules import breaches


@pytest.mark.parametrize(
    ("memory", "expected"),
    [("", 0), ("512", 512), ("2k", 2_000), ("3M", 3_000_000), ("1Gi", 2**30), ("20Ki", 20_480), ("1T", 10**12)],
)
def test_memory_in_bytes(memory: str, expected: int) -> None:
    assert RaySection(memory=memory).memory_bytes == expected


@pytest.mark.parametrize("address", ["head:6379", "10.0.0.7:6379", "ray-head.team.svc:6379", "[::1]:6379", ""])
def test_addresses_of_a_cluster(address: str) -> None:
    assert RaySection(address=address).address == address


@pytest.mark.parametrize("address", ["auto", "head", "local", "ray://head:10001", "http://head:8265", "head:6379/x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        RaySection(address=address)


def test_ray_client_is_refused_with_what_to_write_instead(plan: Plan) -> None:
    text = json.loads(plan.to_settings())
    text["tuning"] |= {"engine": "ray", "ray": {"address": "ray://head:10001"}}
    with pytest.raises(PlanError) as refused:
        parse_plan(json.dumps(text))
    [problem] = refused.value.problems
    assert problem.key == "tuning.ray.address"
    assert "Ray Client" in problem.rule
    assert problem.value == "'ray://head:10001'"
    assert "HOST:PORT of its head node, such as head:6379" in problem.remedy


def test_where_trials_run_does_not_change_what_the_model_is(plan: Plan) -> None:
    tuning = plan.tuning.replaced(ray={"cpu": 4})
    assert plan.model_copy(update={"tuning": tuning}).model_digest == plan.model_digest


@pytest.mark.parametrize(("cpu", "expected"), [("1", 1), ("500m", 1), ("1500m", 2), ("2.5", 3), ("8", 8)])
def test_a_part_of_a_core_counts_as_one(cpu: str, expected: int) -> None:
    assert RayClusterSection(cpu=cpu).whole_cpus == expected


def test_memory_of_a_pod_in_bytes() -> None:
    assert RayClusterSection(memory="1.5Gi").memory_bytes == 3 * 2**29


@pytest.mark.parametrize("section", [RaySection, PreparationRaySection])
def test_the_work_is_elsewhere_with_an_address_or_a_cluster(section: type[RaySection | PreparationRaySection]) -> None:
    assert (section().on_cluster, section().wanted_cluster) == (False, None)
    assert (section(address="head:6379").on_cluster, section(address="head:6379").wanted_cluster) == (True, None)
    cluster = RayClusterSection(workers=2)
    assert (section(cluster=cluster).on_cluster, section(cluster=cluster).wanted_cluster) == (True, cluster)


@pytest.mark.parametrize("stage", ["preparation", "tuning"])
@pytest.mark.parametrize(
    ("ray", "key"),
    [
        ({"cluster": {"workers": 2}}, ""),
        ({"cpu": 2, "cluster": {"workers": 2, "cpu": "1500m", "memory": "4Gi"}}, ""),
        ({"cluster": {"workers": 2}, "address": "head:6379"}, "cluster"),
        ({"cluster": {"workers": 2, "cpu": "1"}, "cpu": 2}, "cluster.cpu"),
        ({"cluster": {"cpu": "2"}}, "cluster.workers"),
    ],
)
def test_what_is_said_of_a_cluster_fits_together(plan: Plan, stage: str, ray: dict[str, object], key: str) -> None:
    changed = plan.model_copy(update={stage: getattr(plan, stage).replaced(engine="ray", ray=ray)})
    assert [".".join(map(str, each)) for each, *_ in breaches(changed)] == [f"{stage}.ray.{key}"] * bool(key)


@pytest.mark.parametrize(("memory", "expected"), [("2Gi", []), ("3Gi", ["tuning.ray.cluster.memory"])])
def test_a_pod_of_a_cluster_has_the_memory_of_a_trial(plan: Plan, memory: str, expected: list[str]) -> None:
    ray = {"memory": memory, "cluster": {"workers": 2, "memory": "2Gi"}}
    changed = plan.model_copy(update={"tuning": plan.tuning.replaced(engine="ray", ray=ray)})
    assert [".".join(map(str, each)) for each, *_ in breaches(changed)] == expected


def test_the_pods_of_a_cluster_have_no_gpu(plan: Plan) -> None:
    tuning = plan.tuning.replaced(engine="ray", ray={"cluster": {"workers": 1}})
    update = {"tuning": tuning, "training": plan.training.replaced(device="cuda")}
    broken = [key for key, *_ in breaches(plan.model_copy(update=update))]
    assert ("tuning", "ray", "cluster") in broken


def test_where_rows_are_checked_does_not_change_what_the_model_is(plan: Plan) -> None:
    preparation = plan.preparation.replaced(engine="ray", ray={"tasks": 4})
    assert plan.model_copy(update={"preparation": preparation}).model_digest == plan.model_digest


@pytest.mark.parametrize(("engine", "expected"), [("process", ["preparation.ray"]), ("ray", [])])
def test_what_is_said_of_ray_in_preparation_is_used(plan: Plan, engine: str, expected: list[str]) -> None:
    preparation = plan.preparation.replaced(engine=engine, ray={"address": "head:6379"})
    changed = plan.model_copy(update={"preparation": preparation})
    assert [".".join(map(str, each)) for each, *_ in breaches(changed)] == expected
