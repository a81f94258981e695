"""What work on Ray lacks: the package here, and the clusters that a plan names."""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sevenfold.pipelines.check import Check
from sevenfold.pipelines.ray_stages import stages_on_ray
from sevenfold.plan import Plan

__all__ = ["ray_checks"]

DASHBOARD_PORT: Final = 8265
AGENT_PORT: Final = 52365
SECONDS: Final = 5.0


def ray_checks(plan: Plan | None) -> Iterator[Check]:
    """Yield what a plan with `engine: ray`, of preparation or tuning, needs here. Ray is not started."""
    places = [] if plan is None else [place for _, place in stages_on_ray(plan, trials=1)]  # which a run may ask for
    addresses = [place.address for place in places if place.wanted_cluster is None]  # else see `kuberay_checks`
    if not addresses:
        return
    try:
        version = importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError:
        yield Check("ray", False, "not installed", "pip install 'sevenfold[ray]'")
        return
    yield Check("ray", True, version)
    for address in dict.fromkeys(filter(None, addresses)):
        yield from _cluster_checks(address, version)


def _cluster_checks(address: str, version: str) -> Iterator[Check]:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        socket.create_connection((host, int(port)), SECONDS).close()
    except OSError as error:
        start = f"ray start --head --port={port}"
        yield Check("Ray's address", False, f"{address} does not answer: {error}", f"On {host}: {start}")
        return
    yield Check("Ray's address", True, address)
    yield _agent(host, version)
    yield from _dashboard(host, version)


def _agent(host: str, version: str) -> Check:
    """The agent answers the probes of a cluster's pods; plain ``ray`` and ``ray[tune]`` do not bring it."""
    status, _ = _get(f"http://{host}:{AGENT_PORT}/api/local_raylet_healthz")
    if status:
        return Check("dashboard agent", True, f"answers on port {AGENT_PORT}")
    finding = f"does not answer on port {AGENT_PORT}"
    return Check("dashboard agent", None, finding, f"On {host}: pip install 'ray[default]=={version}'")


def _dashboard(host: str, version: str) -> Iterator[Check]:
    status, body = _get(f"http://{host}:{DASHBOARD_PORT}/api/version")
    name = "Ray's token"
    if status in (401, 403):
        remedy = "export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=FILE, where FILE holds the cluster's token"
        yield Check(name, False, "refused" if _token() else "asked for, but there is none here", remedy)
        return
    if status != 200:
        finding = f"the dashboard does not answer on port {DASHBOARD_PORT}, so token and version are unknown"
        yield Check("Ray's version", None, finding, f"On {host}: ray start --head --include-dashboard=true")
        return
    yield Check(name, True, "accepted" if _token() else "not asked for")
    theirs = _version(body)
    fine = theirs == version if theirs else None
    finding = f"{theirs} there, {version} here" if theirs else "the dashboard does not say it"
    yield Check("Ray's version", fine, finding, f"pip install 'ray[default,tune]=={theirs or version}'")


def _version(body: bytes) -> str:
    try:
        return str(json.loads(body)["ray_version"])
    except (ValueError, KeyError, TypeError):
        return ""


def _token() -> str:
    """Return the token that Ray would show: of the environment, of the file it names, or of the home folder."""
    if given := os.environ.get("RAY_AUTH_TOKEN", ""):
        return given.strip()
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _get(url: str) -> tuple[int, bytes]:
    """Return status and body, without following to elsewhere; 0 where nothing answers."""
    token = _token()
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            return answer.status, answer.read(10_000)
    except urllib.error.HTTPError as error:
        return error.code, b""
    except (OSError, ValueError):
        return 0, b""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for this host alone."""

    def redirect_request(self, *given: object) -> None:
        return None
