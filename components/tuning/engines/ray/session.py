"""Ray for the time of a search: started on this machine and ended after it, or a cluster that runs already."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.errors import TrainingError
from sevenfold.plan.tuning import RaySection
from sevenfold.runtime.progress import OnMessage
from sevenfold.tuning.engines.ray.kuberay import made_cluster
from sevenfold.tuning.engines.ray.node import OBJECT_STORE_BYTES, end_processes, joined, lies_here, require_answer

__all__ = ["ray_session"]

QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_raylet_start_wait_time_s": "60",  # 30 are too few on a busy machine
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # a model's source may be named by a relative path
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one writes in spite of `verbose=0`
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends the run, not only the study
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # the study's own journal is what a restart goes on from
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}


@contextmanager
def ray_session(section: RaySection, on_message: OnMessage = lambda message: None) -> Iterator[Path]:
    """Connect to Ray, and yield a private folder that is removed at the end.

    Without an address or a cluster Ray is started for the `with` block: its token, sockets and logs lie in that folder,
    and only its own processes are ended. Usage reports are off. Environment, signal handlers and loggers are as before
    in the end.

    Raises:
        TrainingError: ``no_ray``, ``ray_unreachable``, ``ray_running``; as `made_cluster`.
    """
    # Below the system's own folder, because a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="sevenfold-ray-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_environment(QUIET | ({} if section.on_cluster else _local_secret(folder))))
        stack.enter_context(_handlers())
        ray = stack.enter_context(_imported())
        if ray.is_initialized():
            raise TrainingError(
                "ray_running",
                "A search connects to Ray itself, but this process is connected already.",
                remedy="Call ray.shutdown() first, and name the cluster as tuning.ray.address.",
            )
        if section.cluster.workers:
            made = stack.enter_context(made_cluster(section.cluster, on_message))
            section = section.replaced(address=made.address)
            stack.enter_context(_environment({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": made.token}))
        _reread_authentication()
        if section.address:
            require_answer(section.address)
        if section.address and not lies_here(section.address):
            on_message(f"joining Ray at {section.address}")
            stack.enter_context(joined(section.address, folder))
        stack.callback(ray.shutdown)
        _connect(section, folder, on_message)
        yield folder


@contextmanager
def _imported() -> Iterator[Any]:
    """Import Ray, and hide what it writes to the console for the `with` block: what matters is in the study."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import ray
            import ray.tune
        except ImportError as error:
            raise TrainingError(
                "no_ray",
                f"tuning.engine: ray needs Ray and Ray Tune, but they cannot be imported: {error}.",
                remedy="pip install 'sevenfold[ray]'",
            ) from error
        logger = logging.getLogger("ray")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            yield ray
        finally:
            logger.setLevel(level)


def _reread_authentication() -> None:
    """Make Ray see the token of now: it keeps what the environment said when it was imported, and the last token."""
    raylet: Any = importlib.import_module("ray._raylet")
    raylet.Config.initialize("")
    raylet.AuthenticationTokenLoader.instance().reset_cache()


def _connect(section: RaySection, folder: Path, on_message: OnMessage) -> None:
    if section.address:
        on_message(f"connecting to Ray at {section.address}")
        _init(f"at {section.address}", address=section.address)
        return
    on_message("starting Ray on this machine")
    given: dict[str, Any] = {
        "address": "local",
        "num_cpus": section.concurrent_trials * section.cpu,
        "num_gpus": 0,
        "object_store_memory": OBJECT_STORE_BYTES,
        "include_dashboard": False,
    }
    try:
        _init("on this machine", **given, _temp_dir=str(folder / "ray"))
    except TrainingError:
        on_message("Ray did not start in time; starting it again")
        end_processes(folder)
        _init("on this machine", **given, _temp_dir=str(folder / "ray2"))


def _init(where: str, **given: Any) -> None:
    import ray

    try:
        ray.init(log_to_driver=False, configure_logging=False, **given)
    except Exception as error:  # Ray raises all sorts, and bare ones
        raise TrainingError(
            "ray_unreachable",
            f"Ray {where} must be reachable, but is not: {(str(error).strip() or repr(error)).splitlines()[0][:300]}",
            remedy="Run sevenfold doctor with the plan, or write tuning.engine: optuna.",
        ) from error


def _local_secret(folder: Path) -> dict[str, str | None]:
    """Write a new token into the folder, and return the environment in which Ray asks everyone for it."""
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_text(secrets.token_hex(32))
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(path), "RAY_AUTH_TOKEN": None, "RAY_ADDRESS": None}


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change variables of the environment for the `with` block, None removes one; what Ray sets goes too in the end."""
    before = dict(os.environ)
    try:
        _set(changes)
        yield
    finally:
        _set({name: before.get(name) for name in {*before, *os.environ}})


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def _handlers() -> Iterator[None]:
    """Keep what SIGTERM and Ctrl-C do: Ray puts handlers of its own in place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
