"""Reads a cluster for `doctor`: no value of a Secret, no patience, and "no" is an answer."""

from __future__ import annotations

import json
from typing import Any, Final

from sevenfold.cluster.api_server import ApiServer, RequestError
from sevenfold.contracts.errors import TemporaryError

__all__ = ["Answer", "ClusterReader"]

SECONDS: Final = 5.0
NAMES_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class Answer(dict[str, Any]):
    """The object at a path; empty where there is none. `known` is False where we were not allowed to look."""

    def __init__(self, value: dict[str, Any] | None = None, *, known: bool = True) -> None:
        super().__init__(value or {})
        self.known = known

    @property
    def there(self) -> bool | None:
        """Whether it is there; None where that could not be checked."""
        return bool(self) if self.known else None


class ClusterReader:
    """A cluster as the user's kubeconfig, or a pod's own account, sees it.

    Raises:
        PolicyError: ``no_cluster`` if there is neither.
    """

    def __init__(self, context: str = "") -> None:
        self._server = ApiServer(context, seconds=SECONDS, reconnects=False)

    @property
    def host(self) -> str:
        """Address of the API server."""
        return self._server.host

    def get(self, path: str, *, names_only: bool = False) -> Answer:
        """Return what lies at a path; with `names_only` no more than its metadata."""
        return self._ask("GET", path, accept=NAMES_ONLY if names_only else "application/json")

    def may(self, namespace: str, verb: str, resource: str, group: str = "", account: str = "") -> bool | None:
        """Whether we, or an account ``namespace:name``, may do something; None where the server does not say."""
        wanted = {"namespace": namespace, "verb": verb, "resource": resource, "group": group}
        kind = "SubjectAccessReview" if account else "SelfSubjectAccessReview"
        who = {"user": f"system:serviceaccount:{account}"} if account else {}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": kind,
            "spec": {"resourceAttributes": wanted, **who},
        }
        answer = self._ask("POST", f"/apis/authorization.k8s.io/v1/{kind.lower()}s", body=body)
        return bool(answer["status"].get("allowed")) if answer.get("status") else None

    def _ask(self, verb: str, path: str, *, body: Any = None, accept: str = "application/json") -> Answer:
        try:
            value = json.loads(self._server.request(verb, path, body=body, accept=accept))
        except RequestError as error:
            return Answer(known=error.status in (404, 503))
        except (TemporaryError, ValueError):
            return Answer(known=False)
        return Answer(value if isinstance(value, dict) else {"items": value})
