"""A bundle in a bucket of Cloud Storage, brought to a folder with the standard library alone.

The predictor's image holds no client of any cloud. What is fetched is checked against the bundle's manifest when it is
loaded, as every bundle is.
"""

from __future__ import annotations

import http.client
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final
from urllib.parse import quote, urlencode

from sevenfold.contracts.errors import IntegrityError, ServingError, TemporaryError
from sevenfold.runtime.retry import with_retries

__all__ = ["fetch_bundle"]

TOKEN: Final = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - an address
TIMEOUT_SECONDS: Final = 30.0
PASSING_STATUS: Final = frozenset({408, 429, 500, 502, 503, 504})


class _PassingError(Exception):
    """A fault that another attempt may not meet."""


def fetch_bundle(address: str, target: Path, *, storage: str, metadata: str) -> Path:
    """Copy every object below a ``gs://`` address into a folder, as the machine's own account, and return the folder.

    Args:
        address: ``gs://BUCKET/FOLDER``.
        target: the folder, made where it is not there.
        storage: address of Cloud Storage.
        metadata: address of the server that gives the machine its token.

    Raises:
        ServingError: ``bundle_refused``: it is not there, or may not be read.
        IntegrityError: ``bundle_path``: an object's name leads out of the folder.
        TemporaryError: ``bundle_unreachable``.
    """
    bucket, _, folder = address.removeprefix("gs://").strip("/").partition("/")
    if not address.startswith("gs://") or not bucket:
        raise _refused(address, "it is no address of a bucket")
    prefix = f"{folder}/" if folder else ""
    source = f"{storage.rstrip('/')}/storage/v1/b/{quote(bucket, safe='')}/o"
    try:
        given = _document(f"{metadata.rstrip('/')}{TOKEN}", {"Metadata-Flavor": "Google"})
        login = {"Authorization": f"Bearer {given['access_token']}"}
        names = list(_names(source, prefix, login))
        for name in names:
            local = target / _inside(name.removeprefix(prefix))
            local.parent.mkdir(parents=True, exist_ok=True)
            _save(f"{source}/{quote(name, safe='')}?alt=media", login, local)
    except urllib.error.HTTPError as error:
        raise _refused(address, f"its storage answers with status {error.code}") from None
    except (_PassingError, KeyError) as fault:
        raise TemporaryError("bundle_unreachable", f"{address} must be read, but was not: {fault}") from None
    if not names:
        raise _refused(address, "nothing is there")
    return target


def _names(source: str, prefix: str, login: dict[str, str]) -> Iterator[str]:
    token = ""
    while True:
        query = {"prefix": prefix, **({"pageToken": token} if token else {})}
        page = _document(f"{source}?{urlencode(query)}", login)
        # an object whose name ends with a slash stands for a folder
        yield from (item["name"] for item in page.get("items", ()) if not item["name"].endswith("/"))
        token = page.get("nextPageToken", "")
        if not token:
            return


def _inside(name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise IntegrityError("bundle_path", f"A file of a bundle must lie in its folder, but one is {name[:120]!r}.")
    return Path(path)


def _document(address: str, headers: dict[str, str]) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        with _open(address, headers) as answer:
            return dict(json.load(answer))

    return with_retries(ask, (_PassingError,))


def _save(address: str, headers: dict[str, str], target: Path) -> None:
    def copy() -> None:
        with _open(address, headers) as answer, target.open("wb") as out:
            shutil.copyfileobj(answer, out)

    with_retries(copy, (_PassingError,))


def _open(address: str, headers: dict[str, str]) -> IO[bytes]:
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - of Google's, or set by who runs it
    try:
        answer: IO[bytes] = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
        return answer
    except urllib.error.HTTPError as error:
        if error.code in PASSING_STATUS:
            raise _PassingError(f"status {error.code}") from None
        raise
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _PassingError(str(error)[:200] or type(error).__name__) from None


def _refused(address: str, why: str) -> ServingError:
    return ServingError(
        "bundle_refused",
        f"AIP_STORAGE_URI must name a bundle that may be read, but for {address!r} {why}.",
        remedy="Name the bundle's folder as artifact URI, and let the account of the deployment read the bucket.",
    )
