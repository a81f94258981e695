"""Plans for SageMaker, none of whose accounts and buckets exist."""

from __future__ import annotations

from typing import Any

import yaml
from demo_run import PLAN

from sevenfold.plan import Plan, parse_plan

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pipelines"
REGISTRY = f"{ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com"
ROOT = "s3://bucket/sevenfold"
SECTION = {"region": "eu-central-1", "role": ROLE, "root": ROOT}


def plan_text(sections: dict[str, Any] | None = None, **section: Any) -> str:
    """Return the demo's plan with its section `sagemaker`, and other sections as given."""
    values = yaml.safe_load(PLAN)
    values |= {"images": {"registry": REGISTRY}, "sagemaker": {**SECTION, **section}}
    return yaml.safe_dump(values | (sections or {}), sort_keys=False)


def sagemaker_plan(sections: dict[str, Any] | None = None, **section: Any) -> Plan:
    """Return that plan, its table in the bucket."""
    plan = parse_plan(plan_text(sections, **section))
    return plan.model_copy(update={"data": plan.data.model_copy(update={"source": "s3://bucket/demo.csv"})})


def sdk_plan() -> Plan:
    """Return the plan whose steps `render_by_sdk.py` writes with the SDK."""
    images = {target: f"{REGISTRY}/{target}:1" for target in ("prepare", "train", "control", "serve")}
    return sagemaker_plan(
        {"images": images},
        training_job=True,
        machines={"training": "ml.g5.xlarge"},
        subnets=["subnet-1"],
        security_groups=["sg-1"],
        network_isolation=True,
        kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
        tags={"team": "flights"},
    )
