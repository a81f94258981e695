from __future__ import annotations

import pytest

from sevenfold.plan.plan import Plan
from sevenfold.plan.rules import breaches


def changed(plan: Plan, **training: object) -> Plan:
    return plan.model_copy(update={"training": plan.training.replaced(**training)})


@pytest.mark.parametrize(
    ("training", "key"),
    [
        ({"trainjob": {"nodes": 2}}, ""),
        ({"model": "network", "processes": 2, "trainjob": {"nodes": 2, "memory": "8Gi"}}, ""),
        ({"trainjob": {"memory": "8Gi"}}, "training.trainjob.nodes"),
        ({"model": "trees", "trainjob": {"nodes": 2}}, "training.trainjob"),
        ({"framework": "tensorflow", "trainjob": {"nodes": 2}}, "training.trainjob"),
        ({"source": "own.py", "trainjob": {"nodes": 2}}, "training.trainjob"),
        ({"device": "cuda", "trainjob": {"nodes": 2}}, "training.trainjob"),
    ],
)
def test_what_pods_of_a_trainjob_can_fit(plan: Plan, training: dict[str, object], key: str) -> None:
    found = [".".join(map(str, each)) for each, *_ in breaches(changed(plan, **training))]
    assert [each for each in found if "trainjob" in each] == [key] * bool(key)


def test_only_the_number_of_pods_belongs_to_what_the_model_is(plan: Plan) -> None:
    two = changed(plan, trainjob={"nodes": 2})
    assert two.model_digest != plan.model_digest
    assert changed(plan, trainjob={"nodes": 2, "memory": "8Gi", "cpu": "3"}).model_digest == two.model_digest
    assert changed(plan, trainjob={"nodes": 3}).model_digest != two.model_digest
    assert two.training.alone == plan.training
