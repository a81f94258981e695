"""How a person or a pod proves to Kubeflow who it is; nothing of it is ever written down or shown."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Login"]

# What Kubeflow mounts into a notebook that may use its pipelines; kfp takes it only where no endpoint is named.
ACCOUNT_TOKEN = "/var/run/secrets/kubeflow/pipelines/token"  # noqa: S105 — a path
ACCOUNT_TOKEN_VARIABLE = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105 — a name


@dataclass(frozen=True)
class Login:
    """A token, a cookie or neither; what kfp's own settings and variables hold counts besides.

    Args:
        token: bearer token made elsewhere.
        cookie: cookie of a session, such as ``authservice_session=…`` before Dex or OAuth2.
        authority: file with the certificates that sign the endpoint's own.
    """

    token: str = field(default="", repr=False)
    cookie: str = field(default="", repr=False)
    authority: Path | None = None

    def client(self, endpoint: str, namespace: str) -> Any:
        """Return a `kfp.Client`; without an endpoint it looks for one in its cluster, then in the kubeconfig.

        Raises:
            kfp_server_api.ApiException: if the endpoint refuses the first question.
        """
        import kfp
        from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

        mounted = os.environ.get(ACCOUNT_TOKEN_VARIABLE) or ACCOUNT_TOKEN
        by_account = not self.token and not self.cookie and Path(mounted).is_file()

        class _Client(kfp.Client):
            # kfp's own asks five times, with pauses, and logs each refusal
            def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
                return self._healthz_api.healthz_service_get_healthz()

        return _Client(
            host=endpoint or None,
            namespace=namespace or "kubeflow",
            existing_token=self.token or None,
            cookies=self.cookie or None,
            ssl_ca_cert=str(self.authority) if self.authority else None,
            credentials=ServiceAccountTokenVolumeCredentials(mounted) if by_account else None,
        )
