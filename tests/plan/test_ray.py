from __future__ import annotations

import pytest
from pydantic import ValidationError

from sevenfold.plan.plan import Plan
from sevenfold.plan.ray import RaySection


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


def test_where_trials_run_does_not_change_what_the_model_is(plan: Plan) -> None:
    tuning = plan.tuning.replaced(ray={"cpu": 4})
    assert plan.model_copy(update={"tuning": tuning}).model_digest == plan.model_digest
