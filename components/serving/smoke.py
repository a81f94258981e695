"""Ask a new predictor with KServe's own client, so that what users have is known to work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import MissingExtraError, ServingError

__all__ = ["SmokeCheck", "smoke_test"]

SECONDS = 120.0  # importing KServe's client alone takes some


class SmokeCheck(BaseModel):
    """One thing asked: whether it went well, and what came back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    detail: str = ""


def smoke_test(url: str, name: str, bundle: Bundle, *, seconds: float = SECONDS) -> tuple[SmokeCheck, ...]:
    """Send the bundle's example through V1, V2 JSON and V2 binary, and ask for health.

    The client runs in a process of its own: importing KServe costs seconds and clashes with other packages. Its
    requests carry the replay header.

    Raises:
        MissingExtraError: if kserve is not installed.
        ServingError: ``smoke_failed`` with every check that failed, or ``smoke_slow``.
    """
    inputs = {key: column.kind.value for key, column in bundle.signature.inputs.items()}
    task = json.dumps(
        {
            "url": url,
            "name": name,
            "digest": bundle.digest,
            "inputs": inputs,
            "example": json.loads((bundle.folder / "example_request.json").read_bytes()),
        }
    )
    try:
        asked = subprocess.run(
            [sys.executable, "-P", "-m", "sevenfold.serving.smoke_client"],
            input=task,
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
    checks = _checks(asked)
    failed = [f"{check.name}: {check.detail}" for check in checks if not check.passed]
    if failed:
        raise ServingError("smoke_failed", "KServe's client must be served, but was not. " + "; ".join(failed))
    return checks


def _checks(asked: subprocess.CompletedProcess[str]) -> tuple[SmokeCheck, ...]:
    lines = asked.stdout.strip().splitlines()
    try:
        found = json.loads(lines[-1])
    except (ValueError, IndexError):
        tail = (asked.stderr or asked.stdout).strip()[-600:]
        message = f"KServe's client must report, but ended with status {asked.returncode}: {tail}"
        raise ServingError("smoke_failed", message) from None
    if found == "kserve":
        raise MissingExtraError("kserve", "deploy")
    return tuple(SmokeCheck.model_validate(check) for check in found)
