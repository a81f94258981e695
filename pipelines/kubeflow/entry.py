"""Whether a Kubeflow endpoint lets us in: asked before anything is sent to it."""

from __future__ import annotations

import json
from typing import Any, Final

from sevenfold.contracts.errors import PolicyError

__all__ = ["refused", "require_entry"]

LOG_IN: Final = (
    "Set KF_PIPELINES_TOKEN (kubectl -n PROFILE create token ACCOUNT --audience pipelines.kubeflow.org makes one) or "
    "KF_PIPELINES_COOKIE, and name a profile that is yours with --namespace."
)
NAME_IT: Final = "On a Kubeflow with several users, name your profile with --namespace."


def require_entry(calls: Any, endpoint: str, namespace: str) -> None:
    """Ask for one experiment of the namespace, the least that a run needs.

    Args:
        calls: kfp's client of the API, which brings the login.
        endpoint: how the endpoint is named in errors.
        namespace: the profile; "" where there is one user.

    Raises:
        PolicyError: ``login_page`` if a page answers instead of Kubeflow Pipelines.
        kfp_server_api.ApiException: for any answer that is no success.
    """
    answer = calls.call_api(
        "/apis/v2beta1/experiments",
        "GET",
        query_params=[("page_size", 1), *([("namespace", namespace)] if namespace else [])],
        auth_settings=["Bearer"],
        _preload_content=False,
        _return_http_data_only=True,
    )
    try:
        document = json.loads(answer.data)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        kind = str(answer.headers.get("content-type", "something else"))[:64]
        raise PolicyError(
            "login_page",
            f"{endpoint} must answer as Kubeflow Pipelines does, but answers with {kind}: a page to log in at, or "
            "another server.",
            remedy=LOG_IN,
        )


def refused(endpoint: str, error: Any) -> PolicyError:
    """Return what an endpoint's refusal (kfp's ApiException) means to a person."""
    try:
        document = json.loads(error.body)
        message = document.get("error") or document["message"]
    except (TypeError, ValueError, KeyError, AttributeError):
        message = error.reason
    remedy = "See namespace, service account and login."
    if error.status in (401, 403):
        remedy = LOG_IN
    elif "namespace" in str(message).lower():
        remedy = NAME_IT
    return PolicyError(
        "endpoint_refused",
        f"{endpoint} must accept the request, but answered with status {error.status}: {str(message)[:300]}",
        remedy=remedy,
    )
