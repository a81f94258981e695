"""A service on KServe as `deploy_model` leaves it to the judge and to monitoring (`service.json`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sevenfold.contracts.errors import IntegrityError
from sevenfold.contracts.manifest import verify
from sevenfold.plan.deployment import Strategy
from sevenfold.serving.local import SERVICE_FILE

__all__ = ["KServeService"]


class KServeService(BaseModel):
    """A candidate on KServe, staged and checked; no user's request has reached it yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["kserve"] = "kserve"
    name: str
    namespace: str
    url: str  # inside the cluster, of this revision alone
    public_url: str = ""  # as KServe tells it; "" where there is no gateway
    digest: str  # of the bundle it serves
    stable: str = ""  # digest of what serves users meanwhile; "" for a first version
    workload: str  # name of its Deployment
    strategy: Strategy = Strategy.CANARY

    @classmethod
    def read(cls, folder: Path) -> KServeService:
        """Read a service folder after verifying it.

        Raises:
            IntegrityError: whatever `verify` raises, and ``unknown_format``.
        """
        verify(folder)
        try:
            return cls.model_validate_json((folder / SERVICE_FILE).read_bytes())
        except (OSError, ValidationError) as error:
            raise IntegrityError("unknown_format", f"{folder.name} must hold a KServe {SERVICE_FILE}.") from error
