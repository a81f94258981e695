"""Errors of Google's own client, made from answers of the service: one sentence, and what mends it."""

from __future__ import annotations

from typing import Any

import pytest
from google_cloud import GoogleCloud, error

from sevenfold.contracts.errors import PolicyError, TemporaryError
from sevenfold.pipelines.vertex.service import Service
from sevenfold.plan import Plan

DENIED = "Permission 'aiplatform.pipelineJobs.list' denied on resource (or it may not exist)."
ACT_AS = "You do not have permission to act as service_account: runner@our-models.iam.gserviceaccount.com."
UNKNOWN_ACCOUNT = "Service account runner@our-models.iam.gserviceaccount.com does not exist."
DISABLED = "Vertex AI API has not been used in project our-models before or it is disabled."
QUOTA = "The following quota metrics exceed quota limits: custom_model_training_nvidia_l4_gpus"


@pytest.mark.parametrize(
    ("status", "document", "code", "remedy"),
    [
        (
            403,
            error(403, "PERMISSION_DENIED", DENIED, reason="IAM_PERMISSION_DENIED",
                  metadata={"permission": "aiplatform.pipelineJobs.list"}),
            "vertex_permission",
            "add-iam-policy-binding our-models --member=user:YOU --role=roles/aiplatform.user",
        ),
        (403, error(403, "PERMISSION_DENIED", ACT_AS), "vertex_account", "--role=roles/iam.serviceAccountUser"),
        (
            403,
            error(403, "PERMISSION_DENIED", DISABLED, reason="SERVICE_DISABLED",
                  metadata={"service": "aiplatform.googleapis.com"}),
            "vertex_disabled",
            "gcloud services enable aiplatform.googleapis.com --project=our-models",
        ),
        (429, error(429, "RESOURCE_EXHAUSTED", QUOTA), "vertex_quota", "Quotas, in europe-west4"),
        (400, error(400, "INVALID_ARGUMENT", UNKNOWN_ACCOUNT), "vertex_account", "vertex.service_account"),
        (400, error(400, "INVALID_ARGUMENT", "Unsupported region europe-west99."), "vertex_region", "vertex.region"),
        (400, error(400, "INVALID_ARGUMENT", "Something else."), "vertex_refused", "section vertex"),
        (404, error(404, "NOT_FOUND", "The page was not found."), "vertex_not_found", "vertex.region"),
        (401, error(401, "UNAUTHENTICATED", "Token expired."), "vertex_login", "gcloud auth application-default login"),
        (412, error(412, "FAILED_PRECONDITION", "Not now."), "vertex_refused", "section vertex"),
    ],
)  # fmt: skip
def test_an_answer_becomes_one_line_with_its_remedy(
    cloud: GoogleCloud, plan: Plan, status: int, document: dict[str, Any], code: str, remedy: str
) -> None:
    assert plan.vertex is not None
    service = Service(plan.vertex)
    cloud.faults = [(status, document)] * 5  # the client asks again with fresh credentials
    with pytest.raises(PolicyError) as refused:
        service.newest()
    assert refused.value.code == code
    assert remedy in refused.value.remedy
    assert document["error"]["message"].rstrip(".") in refused.value.message
    assert "\n" not in str(refused.value)


def test_a_page_in_the_place_of_an_answer_is_a_passing_fault(
    plan: Plan, cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.vertex is not None
    monkeypatch.setattr(cloud, "answer", lambda *asked: (200, b"<html>Log in to the network</html>", {}))
    service = Service(plan.vertex, monitoring=cloud.url)
    service._credentials.token, service._credentials.expiry = "ours", None
    for ask in (service.newest, lambda: service.series({"filter": "x"})):
        with pytest.raises(TemporaryError, match="something else did") as fault:
            ask()
        assert (fault.value.code, "login page" in fault.value.remedy) == ("vertex_unreachable", True)


def test_who_has_no_credentials_is_asked_to_log_in(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan.vertex is not None
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/account.json")
    with pytest.raises(PolicyError, match="none of the credentials") as refused:
        Service(plan.vertex)
    assert refused.value.code == "vertex_login"
