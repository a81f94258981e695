"""Google Cloud on this machine, credentials for it, and a plan that runs there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_run import PLAN, ROWS, table
from google_cloud import GoogleCloud, serving

from sevenfold.plan import Plan, parse_plan

SECTION = """\
vertex:
  project: our-models
  region: europe-west4
  root: gs://ours/runs
  registry: europe-west4-docker.pkg.dev/our-models/ours
  service_account: runner@our-models.iam.gserviceaccount.com
  endpoint: ENDPOINT
"""


@pytest.fixture(scope="session")
def private_key() -> str:
    """A key of an account that nobody knows."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


@pytest.fixture
def cloud(tmp_path: Path, private_key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[GoogleCloud]:
    """A project that lets us in, and a bucket."""
    with serving(GoogleCloud()) as made:
        account = {
            "type": "service_account",
            "project_id": "our-models",
            "private_key_id": "1",
            "private_key": private_key,
            "client_email": "tests@our-models.iam.gserviceaccount.com",
            "token_uri": f"{made.url}/token",
        }
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        # it would ask a host of Google's in which regions the account may be used
        unbound = "google.auth.credentials.CredentialsWithRegionalAccessBoundary"
        monkeypatch.setattr(f"{unbound}._is_regional_access_boundary_lookup_required", lambda self: False)
        monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", made.url)
        yield made


@pytest.fixture
def plan_file(cloud: GoogleCloud, tmp_path: Path) -> Path:
    """The plan for that project, with its table beside it."""
    (tmp_path / "demo.csv").write_text(table(ROWS))
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN + SECTION.replace("ENDPOINT", cloud.url))
    return path


@pytest.fixture
def plan(plan_file: Path) -> Plan:
    return parse_plan(plan_file.read_text())
