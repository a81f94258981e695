"""Ray for the time of a stage: started on this machine and ended after it, or a cluster that runs already."""

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

from sevenfold.contracts.errors import SevenfoldError
from sevenfold.plan.ray import RayPlace
from sevenfold.ray.kuberay import made_cluster
from sevenfold.ray.node import OBJECT_STORE_BYTES, end_processes, joined, lies_here, require_answer
from sevenfold.ray.use import RayUse
from sevenfold.runtime.progress import OnMessage

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
def ray_session(section: RayPlace, use: RayUse, on_message: OnMessage = lambda message: None) -> Iterator[Path]:
    """Connect to Ray, and yield a private folder that is removed at the end.

    Without an address or a cluster Ray is started for the `with` block: its token, sockets and logs lie in that folder,
    and only its own processes are ended. Usage reports are off. Environment, signal handlers and loggers are as before
    in the end.

    Args:
        section: where Ray runs.
        use: who asks for it.
        on_message: gets a sentence where something takes long.

    Raises:
        SevenfoldError: ``no_ray``, ``ray_unreachable``, ``ray_running``, of the kind of `use`; as `made_cluster`.
    """
    # Below the system's own folder, because a socket's path may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="sevenfold-ray-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.enter_context(_environment(QUIET | ({} if section.on_cluster else _local_secret(folder))))
        stack.enter_context(_handlers())
        ray = stack.enter_context(_imported(use))
        if ray.is_initialized():
            raise use.error(
                "ray_running",
                f"{use.work.capitalize()} connects to Ray itself, but this process is connected already.",
                remedy=f"Call ray.shutdown() first, and name the cluster as {use.stage}.ray.address.",
            )
        if section.wanted_cluster is not None:
            made = stack.enter_context(made_cluster(section.wanted_cluster, use, on_message))
            section = section.replaced(address=made.address)
            stack.enter_context(_environment({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": made.token}))
        _reread_authentication()
        if section.address:
            require_answer(section.address, use)
        if section.address and not lies_here(section.address):
            on_message(f"joining Ray at {section.address}")
            stack.enter_context(joined(section.address, folder, use))
        stack.callback(ray.shutdown)
        _connect(section, folder, use, on_message)
        yield folder


@contextmanager
def _imported(use: RayUse) -> Iterator[Any]:
    """Import Ray, and hide what it writes to the console for the `with` block: what matters is in the reports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import ray

            importlib.import_module(use.module)
        except ImportError as error:
            raise use.error(
                "no_ray",
                f"{use.stage}.engine: ray needs Ray and {use.library}, but they cannot be imported: {error}.",
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


def _connect(section: RayPlace, folder: Path, use: RayUse, on_message: OnMessage) -> None:
    if section.address:
        on_message(f"connecting to Ray at {section.address}")
        _init(use, f"at {section.address}", address=section.address)
        return
    on_message("starting Ray on this machine")
    given: dict[str, Any] = {
        "address": "local",
        "num_cpus": section.local_cpus,
        "num_gpus": 0,
        "object_store_memory": OBJECT_STORE_BYTES,
        "include_dashboard": False,
    }
    try:
        _init(use, "on this machine", **given, _temp_dir=str(folder / "ray"))
    except SevenfoldError:
        on_message("Ray did not start in time; starting it again")
        end_processes(folder)
        _init(use, "on this machine", **given, _temp_dir=str(folder / "ray2"))


def _init(use: RayUse, where: str, **given: Any) -> None:
    import ray

    try:
        ray.init(log_to_driver=False, configure_logging=False, **given)
    except Exception as error:  # Ray raises all sorts, and bare ones
        raise use.error(
            "ray_unreachable",
            f"Ray {where} must be reachable, but is not: {(str(error).strip() or repr(error)).splitlines()[0][:300]}",
            remedy=f"Run sevenfold doctor with the plan, or write {use.other}.",
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
