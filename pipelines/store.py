"""The object store of a pipeline's artifacts, as seen from the machine that submits.

Kubeflow and Vertex AI lay them out as ``ROOT/PIPELINE/RUN/TASK/EXECUTION/OUTPUT``; an output is a file or a folder.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from sevenfold.contracts.canonical import file_digest
from sevenfold.contracts.errors import DataError, MissingExtraError, TemporaryError

__all__ = ["DEFAULT_ROOT", "INPUTS", "Store", "input_key"]

DEFAULT_ROOT = "s3://mlpipeline/v2/artifacts"  # Kubeflow's own store, where nothing else is configured
LOG = "executor-logs-"  # with the number of the attempt
INPUTS = "sevenfold-inputs"
ROLE = "roles/storage.objectAdmin"
DENIED = ("PERMISSION_DENIED", "ACCESS_DENIED", "ACCESSDENIED")
REMEDIES = {
    "s3": "Give --root, and keys and endpoint as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL.",
    "gs": "Give --root, and credentials: gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS.",
}


class Store:
    """A pipeline root: ``s3://bucket/prefix``, Kubeflow's ``minio://``, ``gs://bucket/prefix`` or ``file:///folder``.

    Keys and endpoint come from where the tools of AWS (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, a profile, …) and
    Google (`GOOGLE_APPLICATION_CREDENTIALS`, …) take them.

    Raises:
        DataError: ``store_refused`` if the address is none, or the store does not let us in.
    """

    def __init__(self, root: str = DEFAULT_ROOT) -> None:
        try:
            from pyarrow import fs
        except ImportError as error:
            raise MissingExtraError("pyarrow", "local") from error
        self.root = re.sub(r"^minio://", "s3://", root.rstrip("/"))
        self._fs = fs
        try:
            self._system, self._path = fs.FileSystem.from_uri(self.root)
            self._system.get_file_info(fs.FileSelector(self._path, allow_not_found=True))
        except (OSError, ValueError) as error:
            remedy = REMEDIES.get(self.root.partition("://")[0], REMEDIES["s3"])
            raise DataError(
                "store_refused",
                f"The pipeline root must be a store that may be read from here, but {self.root!r} is not: "
                f"{str(error)[:200]}",
                remedy=self._right() if _denied(error) else remedy,
            ) from None

    def put(self, path: Path) -> str:
        """Store a local file under its digest, unless it is there, and return its address.

        Raises:
            DataError: ``store_refused``.
            TemporaryError: ``store_write``.
        """
        key = input_key(path)
        with self._writing(path.name):
            there = self._system.get_file_info(f"{self._path}/{key}")
            if not there.is_file or there.size != path.stat().st_size:
                if self._system.type_name != "gcs":  # there, Arrow would write objects that stand for folders
                    self._system.create_dir(f"{self._path}/{key.rpartition('/')[0]}")
                self._fs.copy_files(str(path), f"{self._path}/{key}", self._fs.LocalFileSystem(), self._system)
        return f"{self.root}/{key}"

    def fill(self, key: str, content: bytes) -> None:
        """Store a small file at a key, unless something is there or below its folder.

        Raises:
            TemporaryError: ``store_write``.
        """
        with self._writing(key):
            if self._files(key.rpartition("/")[0]):
                return
        self.write(key, content)

    def read(self, key: str) -> bytes | None:
        """Return a small file, or None where there is none.

        Raises:
            TemporaryError: ``store_read``.
        """
        with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
            path = Path(work) / "file"
            return path.read_bytes() if self.copy(f"{self.root}/{key}", path) else None

    def write(self, key: str, content: bytes) -> None:
        """Store a small file at a key, in the place of what is there.

        Raises:
            TemporaryError: ``store_write``.
        """
        with self._writing(key):
            if self._system.type_name == "local":  # in a bucket it would be an empty object beside the file
                self._system.create_dir(f"{self._path}/{key.rpartition('/')[0]}")
            with self._system.open_output_stream(f"{self._path}/{key}") as stream:
                stream.write(content)

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if _denied(error):
                raise DataError(
                    "store_refused",
                    f"{what} must be written to {self.root}, but that is not permitted: {str(error)[:200]}",
                    remedy=self._right(),
                ) from error
            raise TemporaryError(
                "store_write", f"{what} must be written to {self.root}, but was not: {str(error)[:200]}"
            ) from error

    def _right(self) -> str:
        """Return what gives who asks the right to this store."""
        kind, _, rest = self.root.partition("://")
        bucket = rest.partition("/")[0]
        if kind == "gs":
            return f"gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=user:YOU --role={ROLE}"
        if kind == "s3":
            return (
                f"Have s3:ListBucket, s3:GetObject and s3:PutObject on {bucket} given to whoever asks, or other keys."
            )
        return "Change the rights of the folder, or name another one."

    def bring(self, key: str, output: str, target: Path) -> bool:
        """Copy an output of ``PIPELINE/RUN/TASK`` to a local file or folder; False where there is none.

        Of a task that was tried again, the last attempt counts.
        """
        files = [info for info in self._files(key) if _part(self._relative(info, key), 1) == output]
        if not files:
            return False
        last = max(files, key=lambda info: info.mtime_ns or 0)
        attempt = self._relative(last, key).parts[0]
        for info in files:
            inside = self._relative(info, key)
            if inside.parts[0] == attempt:
                local = target.joinpath(*inside.parts[2:])
                local.parent.mkdir(parents=True, exist_ok=True)
                self._fs.copy_files(info.path, str(local), self._system, self._fs.LocalFileSystem())
        return True

    def copy(self, address: str, target: Path) -> bool:
        """Copy a file or a folder of this store, by its whole address, to a local one; False where there is none.

        Raises:
            TemporaryError: ``store_read``; what was copied by then stays.
        """
        try:
            return self._copied(address.partition("://")[2], target)
        except OSError as error:
            raise TemporaryError(
                "store_read",
                f"{address} must be read, but was not: {str(error)[:200]}",
                remedy="See the credentials and the network of this machine, and its disk; then follow the run again.",
            ) from error

    def _copied(self, path: str, target: Path) -> bool:
        if self._system.get_file_info(path).is_file:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._fs.copy_files(path, str(target), self._system, self._fs.LocalFileSystem())
            return True
        files = self._below(path)
        for info in files:
            local = target.joinpath(*PurePosixPath(info.path).relative_to(path).parts)
            local.parent.mkdir(parents=True, exist_ok=True)
            self._fs.copy_files(info.path, str(local), self._system, self._fs.LocalFileSystem())
        return bool(files)

    def logs(self, key: str) -> list[str]:
        """Return what each attempt of a task of ``PIPELINE/RUN/TASK`` printed, the last one last."""
        files = [info for info in self._files(key) if _part(self._relative(info, key), 1).startswith(LOG)]
        return [self._text(info.path) for info in sorted(files, key=lambda info: (info.mtime_ns or 0, info.path))]

    def _text(self, path: str) -> str:
        with self._system.open_input_stream(path) as stream:
            return bytes(stream.read()).decode(errors="replace")

    def _files(self, key: str) -> list[Any]:
        return self._below(f"{self._path}/{key}")

    def _below(self, path: str) -> list[Any]:
        selector = self._fs.FileSelector(path, allow_not_found=True, recursive=True)
        files = (info for info in self._system.get_file_info(selector) if info.is_file)
        return [info for info in files if ".." not in PurePosixPath(info.path).parts]

    def _relative(self, info: Any, key: str) -> PurePosixPath:
        return PurePosixPath(info.path).relative_to(f"{self._path}/{key}")


def input_key(path: Path) -> str:
    """Return where below a root a file that a run reads is kept: under the digest of its bytes."""
    digest = file_digest(path).removeprefix("sha256:")
    return f"{INPUTS}/{digest}/{re.sub(r'[^A-Za-z0-9._-]', '_', path.name)}"


def _denied(error: Exception) -> bool:
    """Whether a store knows who asks and says no, by the words of Arrow's clients."""
    said = str(error).upper().replace(" ", "_")
    return isinstance(error, PermissionError) or any(word in said for word in DENIED)


def _part(path: PurePosixPath, index: int) -> str:
    return path.parts[index] if len(path.parts) > index else ""
