"""Start the predictor: ``python -m sevenfold.serving --bundle DIR --port 8080``.

SageMaker starts a container with the one argument ``serve``, the model at ``/opt/ml/model``, and asks it on port 8080.
In a container of Vertex AI its variables go before the arguments: they name the bundle, the port and the routes. On
both, a variable of ours says whether figures go to the cloud's own monitoring.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.runtime.environment import metrics_variable, vertex_container
from sevenfold.serving.predictor.limits import Limits
from sevenfold.serving.predictor.serve import forbid_pickle, serve

if TYPE_CHECKING:
    from sevenfold.serving.cloud_metrics.sender import MetricsSender
    from sevenfold.serving.predictor.meter import Meter

DEFAULTS: Final = Limits()
SAGEMAKER_MODEL: Final = Path("/opt/ml/model")
LIMITS: Final = ("max_batch", "max_waiting", "body_seconds", "header_seconds", "drain_seconds", "strict_fields")


def main() -> int:
    """Read the arguments, serve, and return the exit status; a refused bundle is one JSON line and status 1."""
    parser = argparse.ArgumentParser(prog="python -m sevenfold.serving", description="Serve a bundle.")
    parser.add_argument("command", nargs="?", choices=["serve"], help="as SageMaker does: its folder, every address")
    parser.add_argument("--bundle", type=Path, help="bundle folder")
    parser.add_argument("--name", default="", help="served name; default the plan's")
    parser.add_argument("--digest", default="", help="digest the bundle must have")
    parser.add_argument("--host", help="address to listen on; default 127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="port; 0 takes a free one")
    parser.add_argument("--port-file", type=Path, help="file for pid and port, written once requests are taken")
    parser.add_argument("--max-batch", type=int, default=DEFAULTS.max_batch, help="most rows of one request")
    parser.add_argument("--max-waiting", type=int, default=DEFAULTS.max_waiting, help="most requests that wait")
    parser.add_argument("--body-seconds", type=float, default=DEFAULTS.body_seconds, help="longest time for a body")
    parser.add_argument("--header-seconds", type=float, default=DEFAULTS.header_seconds, help="longest time for a head")
    parser.add_argument("--drain-seconds", type=float, default=0.0, help="how long to answer 503 after SIGTERM")
    parser.add_argument("--strict-fields", action="store_true", help="refuse fields that the model does not have")
    parser.add_argument("--feedback-port", type=int, help="port for labels that come back; 0 takes a free one")
    given = vars(parser.parse_args())
    if given.pop("command"):
        given["bundle"], given["host"] = given["bundle"] or SAGEMAKER_MODEL, given["host"] or "0.0.0.0"  # noqa: S104
    if given["bundle"] is None:
        parser.error("the following arguments are required: --bundle")
    given["host"] = given["host"] or "127.0.0.1"
    limits = Limits(**{name: given.pop(name) for name in LIMITS})
    forbid_pickle()
    try:
        given |= _of_vertex()
        serve(given.pop("bundle"), limits=limits, metrics=_metrics(), **given)
    except SevenfoldError as error:
        sys.stdout.write(error.to_json() + "\n")
        return error.exit_status
    return 0


def _of_vertex() -> dict[str, Any]:
    """Return what Vertex AI says in place of the arguments, with its bundle fetched; nothing elsewhere."""
    container = vertex_container()
    if container is None:
        return {}
    from sevenfold.serving.predictor.bucket import fetch_bundle

    folder = Path(tempfile.mkdtemp(prefix="sevenfold-")) / "bundle"
    fetch_bundle(container.bundle, folder, storage=container.storage, metadata=container.metadata)
    routes = {"predict_route": container.predict_route, "health_route": container.health_route}
    return {"bundle": folder, "host": "0.0.0.0", "port": container.port, **routes}  # noqa: S104 - in its container


def _metrics() -> Callable[[Meter], MetricsSender] | None:
    """Return what makes the sender of figures to a cloud, where the container's variable asks for it."""
    variable = metrics_variable()
    if not variable:
        return None
    from sevenfold.serving.cloud_metrics.start import sender_of

    return sender_of(variable)


if __name__ == "__main__":
    sys.exit(main())
