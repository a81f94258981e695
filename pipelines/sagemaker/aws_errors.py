"""What AWS answers instead of a result, as one line with what to do: from the client's own exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import PolicyError, SevenfoldError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["aws_error", "job_fault"]

PERMISSION: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "403")
CREDENTIALS: Final = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
CLOCK: Final = ("RequestTimeTooSkewed", "RequestExpired")
QUOTA: Final = ("ResourceLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException")
BUSY: Final = ("ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceUnavailable", "InternalFailure")
ABSENT: Final = ("ResourceNotFound", "ResourceNotFoundException", "NoSuchEntity")
SHOWN: Final = 400  # characters of what AWS says


def aws_error(error: Exception, *, region: str = "", role: str = "") -> SevenfoldError:
    """Return what an exception of botocore means: its code, one line, and the remedy.

    Args:
        error: a `BotoCoreError`, a `ClientError` or a `ResponseParserError`.
        region: the region that was asked.
        role: the role that the pipeline is to run as.
    """
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    text = " ".join(str(error).split())[:SHOWN]
    match error:
        case exceptions.NoRegionError():
            return _region("none is named", "Write sagemaker.region into the plan, or set AWS_REGION.")
        case exceptions.ProfileNotFound():
            return _credentials(text, "Correct AWS_PROFILE, or unset it.")
        case (
            exceptions.NoCredentialsError()
            | exceptions.PartialCredentialsError()
            | exceptions.CredentialRetrievalError()
            | exceptions.TokenRetrievalError()
            | exceptions.SSOError()
        ):
            return _credentials(text, "Log in with aws configure or aws sso login, or set AWS_PROFILE.")
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError() | exceptions.ReadTimeoutError():
            remedy = f"See whether the region {region!r} is right, and whether this machine reaches AWS."
            return TemporaryError("aws_unreachable", f"AWS must answer, but did not: {text}", remedy=remedy)
        case ResponseParserError():
            said = f"AWS must answer in its own form, but something else did: {text}"
            remedy = "See whether a proxy or a login page stands between this machine and AWS, then try again."
            return TemporaryError("aws_unreachable", said, remedy=remedy)
        case exceptions.ClientError():
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return _refused(error.response.get("Error", {}), str(error.operation_name), text, role, status)
        case exceptions.ParamValidationError():
            return PolicyError("aws_request", f"AWS takes a request by its rules, but not this one: {text}")
    return TemporaryError("aws_fault", f"AWS must answer, but did not: {text}", remedy="Try again.")


def job_fault(reason: str) -> tuple[str, str]:
    """Return code and remedy of a step that AWS did not even start, from the reason that it gives."""
    plain = reason.lower()
    if "service limit" in plain or "quota" in plain or "resourcelimitexceeded" in plain:
        return "aws_quota", "Ask for more in Service Quotas, or name another instance type in sagemaker.machines."
    if "not authorized" in plain or "accessdenied" in plain or "access denied" in plain:
        return "aws_permission", "Give the role of sagemaker.role the permission that is named."
    if "no s3 objects" in plain or ("unable to find" in plain and "s3" in plain):
        return "aws_input", "See whether the address is right, and whether the role may read it."
    if "capacityerror" in plain or "insufficient capacity" in plain:
        return "aws_capacity", "Try again later, or name another instance type in sagemaker.machines."
    return "no_cause", "See the job's log in CloudWatch."


def _refused(answer: Mapping[str, str], operation: str, text: str, role: str, status: int) -> SevenfoldError:
    code, message = str(answer.get("Code", "")), " ".join(str(answer.get("Message", "")).split())[:SHOWN]
    if code in PERMISSION and "iam:passrole" in message.lower():
        remedy = f"Allow iam:PassRole on {role or 'the role of sagemaker.role'} for whoever submits."
        return PolicyError(
            "aws_permission", f"AWS must let you hand the role to SageMaker, but says: {message}", remedy=remedy
        )
    if code in PERMISSION:
        remedy = f"Have the permission for {operation} given to the identity that is named."
        return PolicyError("aws_permission", f"AWS must permit {operation}, but says: {message}", remedy=remedy)
    if code in CLOCK or (code in CREDENTIALS and message.startswith("Signature ")):  # "… expired", "… not yet current"
        return _credentials(message, "Correct the clock of this machine: AWS takes no request that is minutes off.")
    if code in CREDENTIALS:
        return _credentials(message, "Log in again with aws sso login, or renew the keys.")
    if code in QUOTA:
        remedy = "Ask for more in Service Quotas, or name another instance type in sagemaker.machines."
        return PolicyError("aws_quota", f"AWS must have room for {operation}, but says: {message}", remedy=remedy)
    if code == "ValidationException" and "role" in message.lower():
        remedy = "Correct sagemaker.role; its trust policy must name sagemaker.amazonaws.com."
        return PolicyError(
            "aws_role", f"SageMaker must be able to take on {role or 'the role'}, but says: {message}", remedy=remedy
        )
    if code in BUSY or status >= 500:
        return TemporaryError(
            "aws_busy", f"AWS must answer {operation}, but says: {message or text}", remedy="Try again."
        )
    if code in ABSENT:
        return PolicyError("aws_absent", f"{operation} must name something that is there, but AWS says: {message}")
    return PolicyError("aws_refused", f"AWS must accept {operation}, but says: {message or text}")


def _credentials(text: str, remedy: str) -> PolicyError:
    return PolicyError("aws_credentials", f"AWS must know who asks, but does not: {text}", remedy=remedy)


def _region(what: str, remedy: str) -> PolicyError:
    return PolicyError("aws_region", f"A region of AWS must be named, but {what}.", remedy=remedy)
