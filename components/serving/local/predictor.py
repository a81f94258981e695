"""A predictor as a process of this machine: start it, check that it runs, stop it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.errors import ServingError, TemporaryError
from sevenfold.contracts.service import BUNDLE_HEADER, LocalService, read_unsealed_service
from sevenfold.runtime.environment import feedback_environment
from sevenfold.runtime.waiting import wait_until
from sevenfold.scoring.client import InferenceClient
from sevenfold.serving.local.process import end_process, is_running, start_of
from sevenfold.serving.predictor.limits import Limits

__all__ = ["runs", "start_predictor", "stop_predictor"]

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02
LOG_TAIL: Final = 1_200  # characters


def start_predictor(
    bundle: Bundle,
    *,
    name: str,
    log: Path,
    limits: Limits | None = None,
    takes_feedback: bool = False,
    seconds: float = START_SECONDS,
) -> LocalService:
    """Start a predictor that outlives the caller, on a free port of 127.0.0.1, and wait until it takes requests.

    Args:
        bundle: what to serve; the process verifies it again, by digest.
        name: the served name.
        log: file for its output; an existing one is replaced.
        limits: what it accepts at most.
        takes_feedback: whether a second free port takes labels that come back, with the credential of
            `environment.feedback_credential`.
        seconds: longest wait.

    Raises:
        PolicyError: ``bad_credential`` where labels are wanted without one.
        ServingError: ``predictor_ended`` or ``predictor_slow``, with what its log ends in. Whatever is raised,
            also by Ctrl-C, nothing is left running.
    """
    environment = feedback_environment() if takes_feedback else None
    log.parent.mkdir(parents=True, exist_ok=True)
    bounds = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        port_file = Path(folder) / "port.json"
        command = [
            *(sys.executable, "-P", "-m", "sevenfold.serving", "--host", "127.0.0.1", "--port", "0"),
            *("--bundle", str(bundle.folder.resolve()), "--digest", bundle.digest, "--name", name),
            *("--port-file", str(port_file), "--max-batch", str(bounds.max_batch)),
            *(("--strict-fields",) if bounds.strict_fields else ()),
            *(("--feedback-port", "0") if takes_feedback else ()),
        ]
        with log.open("wb") as stream:
            # A task's standard output must not be inherited: its reader would wait until the predictor ends.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                env=environment,
                start_new_session=True,
            )
        started = start_of(process.pid)
        try:
            ports = _wait_for_ports(process, port_file, log, seconds)
        except BaseException:  # such as Ctrl-C: nobody would know of it
            end_process(process.pid, started)
            raise
        finally:
            # From here on number and start time identify it; Popen would warn of a child that was not waited for.
            process.returncode = process.returncode or 0
    return LocalService(
        name=name,
        url=f"http://127.0.0.1:{ports['port']}",
        port=ports["port"],
        feedback_port=ports.get("feedback_port", 0),
        digest=bundle.digest,
        pid=process.pid,
        started=started,
        log=str(log.resolve()),
    )


def runs(service: LocalService) -> bool:
    """Whether this very process still runs."""
    return is_running(service.pid, service.started)


def stop_predictor(folder: Path) -> bool:
    """Stop the predictor of a service folder; return whether it was still running.

    It is ended only if process number and start time are those recorded and, where it still answers, it serves the
    recorded bundle.

    Raises:
        IntegrityError: ``unknown_format`` if the folder does not hold a local service.
        ServingError: ``another_predictor`` if the process is there and serves another bundle.
    """
    service = read_unsealed_service(LocalService, folder)
    if not runs(service):
        return False
    served = _served_digest(service)
    if served not in ("", service.digest):
        raise ServingError(
            "another_predictor",
            f"Process {service.pid} must serve bundle {service.digest}, but serves {served[:80]}.",
            remedy="Leave it alone, or stop it by hand.",
        )
    return end_process(service.pid, service.started)


def _wait_for_ports(process: subprocess.Popen[bytes], port_file: Path, log: Path, seconds: float) -> dict[str, Any]:
    """Return what the predictor says of itself once requests are taken."""

    def written() -> bool:
        if port_file.exists():
            return True
        if process.poll() is not None:
            raise _failed("predictor_ended", f"but ended with status {process.returncode}", log)
        return False

    def late() -> ServingError:
        return _failed("predictor_slow", f"but was not ready within {seconds:g} seconds", log)

    wait_until(written, pause_seconds=POLL_SECONDS, patience_seconds=seconds, late=late)
    return dict(json.loads(port_file.read_bytes()))


def _failed(code: str, what: str, log: Path) -> ServingError:
    tail = log.read_bytes()[-LOG_TAIL:].decode(errors="replace").strip()
    told = _told(tail)
    if told is not None:
        return ServingError(code, f"The predictor must start, {what}. {told['message']}", remedy=told["remedy"])
    return ServingError(code, f"The predictor must start, {what}. The end of its log: {tail or '(empty)'}")


def _told(tail: str) -> dict[str, str] | None:
    """Return message and remedy where the last line of a log is the failure that a process told as JSON."""
    try:
        last = json.loads(tail.rpartition("\n")[2])
    except ValueError:
        return None
    if not isinstance(last, dict) or not isinstance(last.get("message"), str):
        return None
    return {"message": last["message"], "remedy": str(last.get("remedy", ""))}


def _served_digest(service: LocalService) -> str:
    try:
        with InferenceClient(service.url, service.name, timeout_seconds=2.0) as client:
            return client.request("GET", "/v2/health/live")[1].get(BUNDLE_HEADER, "another server")
    except TemporaryError:
        return ""
