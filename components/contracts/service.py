"""The service folder that deployment writes for the judge and for monitoring, and the HTTP headers of a service.

=================  ======================================================================================
`service.json`     `LocalService` or `KServeService`, as its `kind` says
`checks.json`      results of the checks before any user's request (`sevenfold.serving.deployment.Checks`)
`manifest.json`    digest and bytes of both
=================  ======================================================================================
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import verify
from sevenfold.contracts.versioned import refuse_empty

__all__ = [
    "BUNDLE_HEADER",
    "RAW_ROWS",
    "REFINED_ROWS",
    "REPLAY_HEADER",
    "REPLAY_VALUE",
    "ROWS_HEADER",
    "SERVICE_FILE",
    "KServeService",
    "LocalService",
    "Service",
    "Strategy",
    "open_service",
    "open_service_of",
    "read_unsealed_service",
    "write_service",
]

SERVICE_FILE: Final = "service.json"
REPLAY_HEADER: Final = "x-sevenfold-replay"
REPLAY_VALUE: Final = "smoke"  # such a request is answered, and counted nowhere but in the process's own figures
ROWS_HEADER: Final = "x-sevenfold-rows"  # of a bundle with a recipe: raw, as users have them, or refined
RAW_ROWS: Final = "raw"
REFINED_ROWS: Final = "refined"
BUNDLE_HEADER: Final = "x-sevenfold-bundle"  # every answer names the full digest of the bundle that made it


class Strategy(StrEnum):
    """How a new version takes over."""

    CANARY = "canary"
    REPLACE = "replace"


class LocalService(BaseModel):
    """A predictor that runs as a process of this machine; `started` is its start time, as the system reports it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["local"] = "local"
    name: str
    url: str
    port: int
    digest: str  # of the bundle it serves
    pid: int
    started: str
    log: str  # path
    feedback_port: int = 0  # for labels that come back; 0 where none is open


class KServeService(BaseModel):
    """A candidate on KServe, staged and checked; no user's request has reached it yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["kserve"] = "kserve"
    name: str
    namespace: str
    url: str  # inside the cluster, of this revision alone
    public_url: str = ""  # as KServe reports it; "" where there is no gateway
    digest: str  # of the bundle it serves
    stable: str = ""  # digest of the version that serves users meanwhile; "" for a first version
    workload: str  # name of its Deployment
    strategy: Strategy = Strategy.CANARY


Service = LocalService | KServeService
Wanted = TypeVar("Wanted", LocalService, KServeService)
_ANY: TypeAdapter[Service] = TypeAdapter(Annotated[Service, Field(discriminator="kind")])


def open_service(folder: Path) -> Service:
    """Verify a service folder and read its `service.json`, of either kind.

    Its keys are exactly those of `LocalService` or `KServeService`: an unknown key means a newer writer.

    Raises:
        IntegrityError: whatever `verify` raises; ``unknown_format``.
    """
    verify(folder)
    try:
        return _ANY.validate_json((folder / SERVICE_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise _unknown(folder, "") from error


def open_service_of(kind: type[Wanted], folder: Path) -> Wanted:
    """Verify a service folder and read its `service.json`, which must be of one kind.

    Raises:
        IntegrityError: whatever `verify` raises; ``unknown_format``.
    """
    verify(folder)
    return read_unsealed_service(kind, folder)


def read_unsealed_service(kind: type[Wanted], folder: Path) -> Wanted:
    """Read a `service.json` without asking for the seal: a process is stopped whatever became of its folder.

    Raises:
        IntegrityError: ``unknown_format``.
    """
    try:
        content = (folder / SERVICE_FILE).read_bytes()
        refuse_empty(content, f"{folder.name}/{SERVICE_FILE}")
        return kind.model_validate_json(content)
    except (OSError, ValidationError) as error:
        raise _unknown(folder, f"{kind.model_fields['kind'].default} ") from error


def write_service(service: Service, folder: Path) -> None:
    """Write `service.json`; sealing the folder is the caller's."""
    write_json(folder / SERVICE_FILE, service.model_dump(mode="json"))


def _unknown(folder: Path, kind: str) -> IntegrityError:
    return IntegrityError(
        "unknown_format", f"{folder.name} must hold a {kind}{SERVICE_FILE}.", remedy="Deploy the bundle again."
    )
