"""An object that must be new: written where nothing has its name, whoever else writes at the same moment.

Arrow's clients replace what is there. The stores themselves know the condition: S3's ``If-None-Match``, Cloud Storage's
``ifGenerationMatch``, and a file's exclusive creation.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from sevenfold.contracts.errors import MissingExtraError, TemporaryError

__all__ = ["write_new"]

SCOPE: Final = "https://www.googleapis.com/auth/devstorage.read_write"
TAKEN: Final = (409, 412)
SECONDS: Final = 60


def write_new(address: str, content: bytes) -> bool:
    """Write an object, or a file, and return True; where its name is taken return False, and leave what is there.

    An answer that got lost looks like a taken name: who calls compares what is there with what was to be written.

    Args:
        address: ``s3://BUCKET/KEY``, ``gs://BUCKET/KEY`` or ``file:///PATH``.
        content: its bytes.

    Raises:
        MissingExtraError: the client of the store is not installed.
        TemporaryError: ``store_write``.
    """
    kind, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    if kind == "s3":
        return _on_s3(bucket, key, content)
    if kind == "gs":
        return _on_google(bucket, key, content)
    path = Path(rest)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _on_s3(bucket: str, key: str, content: bytes) -> bool:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise MissingExtraError("boto3", "sagemaker") from error
    try:
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in TAKEN:
            return False
        raise _unwritten(f"s3://{bucket}/{key}", error) from error
    except BotoCoreError as error:
        raise _unwritten(f"s3://{bucket}/{key}", error) from error
    return True


def _on_google(bucket: str, key: str, content: bytes) -> bool:
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession
        from requests.exceptions import RequestException
    except ImportError as error:
        raise MissingExtraError("google-auth", "vertex") from error
    home = os.environ.get("CLOUD_STORAGE_EMULATOR_ENDPOINT") or "https://storage.googleapis.com"
    asked = {"uploadType": "media", "name": key, "ifGenerationMatch": "0"}
    try:
        with AuthorizedSession(google.auth.default(scopes=[SCOPE])[0]) as session:
            answer = session.post(
                f"{home.rstrip('/')}/upload/storage/v1/b/{bucket}/o", params=asked, data=content, timeout=SECONDS
            )
        if answer.status_code in TAKEN:
            return False
        answer.raise_for_status()
    except (GoogleAuthError, RequestException) as error:
        raise _unwritten(f"gs://{bucket}/{key}", error) from error
    return True


def _unwritten(address: str, error: Exception) -> TemporaryError:
    why = f"{address} must be written, but was not: {' '.join(str(error).split())[:200]}"
    return TemporaryError("store_write", why, remedy="See the credentials and the network, then follow the run again.")
