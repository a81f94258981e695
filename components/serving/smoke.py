"""Query a new predictor with KServe's own client: the client that users have must work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import MissingExtraError, ServingError
from sevenfold.plan.deployment import Runtime
from sevenfold.scoring.raw_rows import feeds_of_request
from sevenfold.scoring.tensorflow_client import instances_of

__all__ = ["SmokeCheck", "example_instances", "smoke_test"]

SECONDS: Final = 120.0  # importing KServe's client alone takes several


class SmokeCheck(BaseModel):
    """One check: its name, whether it passed, and the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    detail: str = ""


def smoke_test(
    url: str, name: str, bundle: Bundle, *, runtime: Runtime = Runtime.SEVENFOLD, seconds: float = SECONDS
) -> tuple[SmokeCheck, ...]:
    """Send the bundle's example through V1, V2 JSON and V2 binary, and check health.

    TensorFlow Serving speaks V1 alone, has no such health, and does not say which bundle answers: it gets one request.

    The client runs in a process of its own: importing KServe costs seconds and clashes with other packages. Its
    requests carry the replay header.

    Raises:
        MissingExtraError: if kserve is not installed.
        ServingError: ``smoke_failed`` with every check that failed, or ``smoke_slow``.
    """
    try:
        client = subprocess.run(
            [sys.executable, "-P", "-m", "sevenfold.serving.smoke_client"],
            input=json.dumps(_task(url, name, bundle, runtime)),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            cwd=Path(bundle.folder).parent,
        )
    except subprocess.TimeoutExpired as error:
        raise ServingError(
            "smoke_slow", f"KServe's client must end within {seconds:g} seconds, but did not."
        ) from error
    checks = _checks(client)
    failed = [f"{check.name}: {check.detail}" for check in checks if not check.passed]
    if failed:
        raise ServingError("smoke_failed", "KServe's client must be served, but was not. " + "; ".join(failed))
    return checks


def _task(url: str, name: str, bundle: Bundle, runtime: Runtime) -> dict[str, Any]:
    inputs = {key: column.kind.value for key, column in bundle.signature.raw_inputs.items()}
    example = json.loads((bundle.folder / "example_request.json").read_bytes())
    task = {"url": url, "name": name, "digest": bundle.digest, "inputs": inputs, "example": example}
    if runtime is Runtime.SEVENFOLD:
        return task
    return task | {"digest": "", "example": {"instances": example_instances(bundle)}}


def example_instances(bundle: Bundle) -> list[dict[str, Any]]:
    """Return the example's rows for TensorFlow Serving, with 0 for a missing number: most JSON knows no NaN."""
    rows = json.loads((bundle.folder / "example_request.json").read_bytes())["instances"]
    instances = instances_of(feeds_of_request(rows, bundle.signature))
    return [{name: 0.0 if value != value else value for name, value in row.items()} for row in instances]


def _checks(client: subprocess.CompletedProcess[str]) -> tuple[SmokeCheck, ...]:
    lines = client.stdout.strip().splitlines()
    try:
        checks = json.loads(lines[-1])
    except (ValueError, IndexError):
        tail = (client.stderr or client.stdout).strip()[-600:]
        message = f"KServe's client must report, but ended with status {client.returncode}: {tail}"
        raise ServingError("smoke_failed", message) from None
    if checks == "kserve":
        raise MissingExtraError("kserve", "deploy")
    return tuple(SmokeCheck.model_validate(check) for check in checks)
