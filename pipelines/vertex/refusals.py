"""What an error of Google's clients means to a person: one sentence, and the command or key that mends it."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from sevenfold.contracts.errors import PolicyError, SevenfoldError, TemporaryError
from sevenfold.plan.vertex import VertexSection

__all__ = ["passes", "refusal"]

SHOWN: Final = 300  # characters of Google's own message
SECTION: Final = "See the section vertex of the plan."


def passes(error: Exception, *, reading: bool = False) -> bool:
    """Whether the same call may succeed later: no answer, or a server that is overloaded or restarts.

    A question that is refused as one too many (429) passes too; where something is to be started, a quota is used up.
    """
    from google.api_core import exceptions as api
    from google.auth.exceptions import TransportError
    from requests.exceptions import ConnectionError, Timeout

    passing = (api.InternalServerError, api.BadGateway, api.ServiceUnavailable, api.GatewayTimeout)
    many = (api.TooManyRequests,) if reading else ()
    return _foreign(error) or isinstance(error, (*passing, *many, TransportError, ConnectionError, Timeout))


def refusal(error: Exception, section: VertexSection, asked: str) -> SevenfoldError:
    """Return the error of Sevenfold's own that an exception of Google's clients stands for.

    Args:
        error: of `google.api_core`, `google.auth` or `requests`.
        section: where the plan runs, as whom.
        asked: what was asked, such as "start a run".
    """
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    if isinstance(error, (auth.DefaultCredentialsError, auth.RefreshError, api.Unauthorized)):
        remedy = "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS=FILE of a service account."
        rule = "Google Cloud must know who asks, but takes none of the credentials here"
        return _error("vertex_login", rule, error, remedy)
    if isinstance(error, api.TooManyRequests):  # ResourceExhausted is one
        remedy = f"Ask for more under IAM & Admin, Quotas, in {section.region}; or lower resources in the plan."
        return _error("vertex_quota", f"{section.project} must have quota left to {asked}", error, remedy)
    if isinstance(error, api.Forbidden):
        return _forbidden(error, section, asked)
    if isinstance(error, api.NotFound):
        remedy = "See vertex.project and vertex.region: a run lies in the region that it was submitted to."
        where = f"{section.project} in {section.region}"
        return _error("vertex_not_found", f"It must be there to {asked}, in {where}, but was not found", error, remedy)
    if isinstance(error, api.BadRequest):
        return _bad_request(error, section, asked)
    if _foreign(error):
        message = f"Vertex AI in {section.region} must answer, but something else did: {_words(error)}"
        remedy = "See whether a proxy or a login page stands between this machine and Google, then try again."
        return TemporaryError("vertex_unreachable", message, remedy=remedy)
    if passes(error):
        message = f"Vertex AI in {section.region} must answer, but did not: {_words(error)}"
        remedy = "See vertex.region, vertex.endpoint and the network, then try again."
        return TemporaryError("vertex_unreachable", message, remedy=remedy)
    return _error(
        "vertex_refused", f"Vertex AI must {asked}, but did not", error, "See the section vertex of the plan."
    )


def _foreign(error: Exception) -> bool:
    """Whether the answer was none in the form of Google's, such as the page of a proxy."""
    from google.protobuf.json_format import ParseError
    from requests.exceptions import JSONDecodeError

    return isinstance(error, (ParseError, JSONDecodeError))


def _forbidden(error: Any, section: VertexSection, asked: str) -> PolicyError:
    permission = str((error.metadata or {}).get("permission", ""))
    text = _words(error)
    add = f"gcloud projects add-iam-policy-binding {section.project} --member=user:YOU --role="
    if error.reason == "SERVICE_DISABLED":
        service = str((error.metadata or {}).get("service", "aiplatform.googleapis.com"))
        remedy = f"gcloud services enable {service} --project={section.project}"
        return _error("vertex_disabled", f"{section.project} must have {service} switched on", error, remedy)
    if "actAs" in permission or "actAs" in text or "act as service" in text:
        account = section.service_account or "ACCOUNT"
        act = f"gcloud iam service-accounts add-iam-policy-binding {account} --member=user:YOU "
        remedy = f"{act}--role=roles/iam.serviceAccountUser"
        return _error("vertex_account", f"You must be allowed to run tasks as {account}", error, remedy)
    roles = {"storage.": "roles/storage.objectAdmin", "monitoring.": "roles/monitoring.viewer"}
    role = next((role for part, role in roles.items() if part in permission or part in text), "roles/aiplatform.user")
    return _error("vertex_permission", f"You must be allowed to {asked} in {section.project}", error, f"{add}{role}")


def _bad_request(error: Any, section: VertexSection, asked: str) -> PolicyError:
    text = _words(error).lower()
    if "service account" in text or "service_account" in text or "serviceaccount" in text:
        account = section.service_account or "the project's default one"
        remedy = "Correct vertex.service_account: gcloud iam service-accounts list shows those that are there."
        rule = f"The tasks must have a service account that is there, but have {account}"
        return _error("vertex_account", rule, error, remedy)
    if "region" in text or "location" in text:
        remedy = "Correct vertex.region; bucket, network and key must be in the same one."
        return _error("vertex_region", f"Vertex AI must be offered in {section.region}", error, remedy)
    return _error(
        "vertex_refused", f"Vertex AI must {asked}, but did not", error, "See the section vertex of the plan."
    )


def _error(code: str, rule: str, error: Exception, remedy: str) -> PolicyError:
    return PolicyError(code, f"{rule}: {_words(error)}", remedy=remedy)


def _words(error: Exception) -> str:
    """Return Google's own message in one line, without the address that the client puts before it."""
    text = str(getattr(error, "message", "") or error or type(error).__name__)
    with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):  # no answer, or none of the API's
        text = str(error.response.json()["error"]["message"])  # type: ignore[attr-defined]
    return " ".join(text.split())[:SHOWN].rstrip(".") + "."
