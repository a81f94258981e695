"""The environment that stages read: where a stage runs and what it may leave there.

=================================  ===================================================================
`SEVENFOLD_RUN_DIR`                folder of a local run; unset on a cluster
`SEVENFOLD_CHECKPOINTS`            folder, ``s3://`` or ``gs://`` address of unfinished work; ``off`` keeps none
`AWS_ACCESS_KEY_ID` …              on a cluster: there are keys, so unfinished work is kept in the store
`PROMETHEUS_TOKEN` …               login of a Prometheus, from the Secret of `secrets.prometheus`
`SEVENFOLD_FEEDBACK_CREDENTIAL` …  what who feeds back labels must show; with ``_FILE`` after it the file that holds it
`SEVENFOLD_TRACEBACK`              1 shows tracebacks of failures
`SEVENFOLD_NOTEBOOK_PARAMETERS`    JSON file with what a notebook is given, in the kernel that runs it
`ARROW_DEFAULT_MEMORY_POOL`        read by Arrow: where it takes memory from; images and local runs set it
`JPY_SESSION_NAME`                 set by Jupyter in a kernel: path of the notebook that is open
`KUBERNETES_SERVICE_HOST`          set by Kubernetes in every pod
`AIP_STORAGE_URI` …                set by Vertex AI in a container that serves: its model, port and routes
`SEVENFOLD_METRICS`                set in a container that serves: the cloud that gets its figures, as JSON
`STORAGE_EMULATOR_HOST`            address of Cloud Storage, where it is not Google's
`GCE_METADATA_HOST`                host that gives a machine of Google's its token, where it is another
=================================  ===================================================================
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from sevenfold.contracts.errors import PolicyError
from sevenfold.runtime.prometheus import PROMETHEUS_KEYS, PrometheusLogin

__all__ = [
    "ARROW_MEMORY",
    "CHECKPOINTS",
    "FEEDBACK_CREDENTIAL",
    "METRICS",
    "NOTEBOOK_PARAMETERS",
    "RUN_DIR",
    "VertexContainer",
    "checkpoint_address",
    "feedback_credential",
    "feedback_environment",
    "in_cluster",
    "kernel_environment",
    "metadata_server",
    "metrics_variable",
    "notebook_name",
    "notebook_parameters",
    "own_namespace",
    "prometheus_login",
    "registry_folder",
    "run_folder",
    "vertex_container",
    "wants_traceback",
]

# Arrow's own pool gives memory back between two batches and takes it anew, at a seventh of the cost of preparation.
ARROW_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
NOTEBOOK_PARAMETERS = "SEVENFOLD_NOTEBOOK_PARAMETERS"
RUN_DIR = "SEVENFOLD_RUN_DIR"
NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")  # Kubernetes puts it there
CHECKPOINTS = "SEVENFOLD_CHECKPOINTS"
METRICS = "SEVENFOLD_METRICS"
FEEDBACK_CREDENTIAL = "SEVENFOLD_FEEDBACK_CREDENTIAL"
FEEDBACK_CREDENTIAL_FILE = "SEVENFOLD_FEEDBACK_CREDENTIAL_FILE"
MIN_CREDENTIAL = 16  # characters
# Any of these means that a store of that scheme lets the pod in; without, an attempt would only cost time.
STORE_KEYS = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    "minio": ("AWS_ENDPOINT_URL",),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS",),
}


def run_folder() -> Path | None:
    """Return the folder of the local run this process belongs to, or None."""
    value = os.environ.get(RUN_DIR, "")
    return Path(value) if value else None


def registry_folder() -> Path | None:
    """Return the folder that remembers what was promoted, beside the runs of the same plan, or None."""
    folder = run_folder()
    return folder.parent / "registry" if folder else None


def checkpoint_address(output: str = "") -> str | None:
    """Return where a task keeps its unfinished work, or None for nowhere.

    Beside the runs of the same plan on one machine. On a cluster in the pipeline root, where the pod has keys for it:
    those of the Secret that the plan names as `secrets.storage`, or a cloud identity.

    Args:
        output: the address of one of the task's outputs, ``ROOT/PIPELINE/RUN/TASK/EXECUTION/NAME``.
    """
    named, folder = os.environ.get(CHECKPOINTS, ""), run_folder()
    if named:
        return None if named == "off" else named
    if folder is not None:
        return str(folder.parent / "checkpoints")
    scheme, _, path = output.partition("://")
    root = path.split("/")[:-5]
    if not in_cluster() or not root or not any(os.environ.get(name) for name in STORE_KEYS.get(scheme, ())):
        return None
    return f"{'s3' if scheme == 'minio' else scheme}://{'/'.join(root)}/sevenfold-checkpoints"


def in_cluster() -> bool:
    """Whether this process runs in a Kubernetes pod."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def own_namespace() -> str:
    """Return the namespace of the pod this process runs in; "" outside a cluster."""
    with contextlib.suppress(OSError):
        return NAMESPACE_FILE.read_text().strip()
    return ""


@dataclass(frozen=True, kw_only=True)
class VertexContainer:
    """What Vertex AI tells a container that serves a model, and where its storage and its token are."""

    bundle: str  # gs:// address
    port: int
    predict_route: str
    health_route: str
    storage: str
    metadata: str


def vertex_container() -> VertexContainer | None:
    """Return what Vertex AI tells this container, or None elsewhere.

    Raises:
        ValueError: the port is no number.
    """
    bundle = os.environ.get("AIP_STORAGE_URI", "")
    if not bundle:
        return None
    return VertexContainer(
        bundle=bundle,
        port=int(os.environ.get("AIP_HTTP_PORT", "8080")),
        predict_route=os.environ.get("AIP_PREDICT_ROUTE", ""),
        health_route=os.environ.get("AIP_HEALTH_ROUTE", ""),
        storage=os.environ.get("STORAGE_EMULATOR_HOST", "") or "https://storage.googleapis.com",
        metadata=metadata_server(),
    )


def metadata_server() -> str:
    """Return the address of the server that gives a machine of Google's its token."""
    return f"http://{os.environ.get('GCE_METADATA_HOST', '') or 'metadata.google.internal'}"


def metrics_variable() -> str:
    """Return what says which cloud gets the figures of this predictor; "" for none."""
    return os.environ.get(METRICS, "")


def prometheus_login() -> PrometheusLogin:
    """Return the login of Prometheus that this process was given; empty for none."""
    token, username, password, authority = (os.environ.get(key, "") for key in PROMETHEUS_KEYS)
    return PrometheusLogin(token=token, username=username, password=password, authority=authority)


def wants_traceback() -> bool:
    """Whether failures show their traceback."""
    return os.environ.get("SEVENFOLD_TRACEBACK", "") == "1"


def notebook_parameters() -> Path | None:
    """Return the file with what the notebook of this kernel is given, or None outside a run."""
    value = os.environ.get(NOTEBOOK_PARAMETERS, "")
    return Path(value) if value else None


def kernel_environment(parameters: Path, folder: Path) -> dict[str, str]:
    """Return the environment of a notebook's kernel: this process's own, without what a person set up for theirs.

    Args:
        parameters: the file with what the notebook is given.
        folder: where IPython may write; start-up files of the user's own profile are not run.
    """
    own = {key: value for key, value in os.environ.items() if key not in ("MPLBACKEND", "JPY_SESSION_NAME")}
    return {**own, NOTEBOOK_PARAMETERS: str(parameters), "IPYTHONDIR": str(folder)}


def notebook_name() -> Path | None:
    """Return the notebook that is open in Jupyter, where this process is its kernel, or None."""
    value = os.environ.get("JPY_SESSION_NAME", "")
    return Path(value) if value.endswith(".ipynb") else None


def feedback_credential() -> str:
    """Return what who feeds back labels must show, of `FEEDBACK_CREDENTIAL_FILE` or else `FEEDBACK_CREDENTIAL`.

    Raises:
        PolicyError: ``bad_credential``: there is none, its file cannot be read, or it has fewer than 16 characters.
    """
    path = os.environ.get(FEEDBACK_CREDENTIAL_FILE, "")
    try:
        text = Path(path).read_text(encoding="ascii") if path else os.environ.get(FEEDBACK_CREDENTIAL, "")
    except OSError as error:
        raise PolicyError(
            "bad_credential",
            f"{FEEDBACK_CREDENTIAL_FILE} must name a file that can be read, but {str(Path(path).absolute())!r} cannot: "
            f"{error.strerror}.",
            remedy="Name a file that holds a credential; make one with: openssl rand -hex 32",
        ) from error
    except ValueError:
        text = ""
    credential = text.strip()
    if len(credential) < MIN_CREDENTIAL or not credential.isascii():
        raise PolicyError(
            "bad_credential",
            f"The credential of the port for labels must have {MIN_CREDENTIAL} plain characters or more, but that of "
            f"{FEEDBACK_CREDENTIAL_FILE if path else FEEDBACK_CREDENTIAL} has {len(credential)}.",
            remedy=f"Name a file that holds one in {FEEDBACK_CREDENTIAL_FILE}; make one with: openssl rand -hex 32",
        )
    return credential


def feedback_environment() -> dict[str, str]:
    """Return this process's environment for a predictor in another folder: the credential's file by its full path.

    Raises:
        PolicyError: what `feedback_credential` raises.
    """
    feedback_credential()
    path = os.environ.get(FEEDBACK_CREDENTIAL_FILE, "")
    return dict(os.environ) | ({FEEDBACK_CREDENTIAL_FILE: str(Path(path).absolute())} if path else {})
