"""The section `vertex`: what it takes, and what it refuses by its line."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sevenfold.plan.vertex import VertexSection

WELL = {"project": "our-models", "region": "europe-west4", "root": "gs://ours/runs"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"root": "gs://ours"},
        {"service_account": "runner@our-models.iam.gserviceaccount.com"},
        {"service_account": "123-compute@developer.gserviceaccount.com"},
        {"network": "projects/123/global/networks/default"},
        {"encryption_key": "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"},
        {"labels": {"team": "sales", "cost-centre": "7"}},
        {"accelerator": "NVIDIA_TESLA_T4"},
        {"registry": "europe-west4-docker.pkg.dev/our-models/ours"},
        {"endpoint": "https://ours.p.googleapis.com"},
        {"endpoint": "http://127.0.0.1:8080"},
    ],
)
def test_what_google_cloud_calls_so_is_taken(more: dict[str, object]) -> None:
    section = VertexSection.model_validate(WELL | more)
    assert section.model_dump(mode="json", include=set(WELL | more)) == WELL | more


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": "123"},
        {"region": "europe"},
        {"root": "s3://ours/runs"},
        {"root": "gs://ours/runs?generation=1"},
        {"root": "gs://user@ours/runs"},
        {"service_account": "runner"},
        {"service_account": "runner@example.org"},
        {"network": "default"},
        {"encryption_key": "k"},
        {"labels": {"Team": "sales"}},
        {"labels": {"team": "Sales & Co"}},
        {"accelerator": "nvidia.com/gpu"},
        {"endpoint": "http://example.org"},
        {"endpoint": "http://127.0.0.1.example.org"},
        {"region": None},
    ],
)
def test_what_it_does_not_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        VertexSection.model_validate(WELL | wrong)
    assert refused.value.errors()[0]["loc"][0] in wrong
