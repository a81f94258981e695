"""The program that KubeRay runs on a cluster of ours, and that decides how long the cluster lasts.

It ends when the node of the stage has left the cluster, however that came about; KubeRay then removes the cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from sevenfold.ray.node import DRIVER, JOIN_SECONDS
from sevenfold.runtime.waiting import wait_until

__all__ = ["last_as_long_as_driver"]

PAUSE_SECONDS: Final = 2.0
RETURN_SECONDS: Final = 20.0  # a node that did not start in time is ended and started once more


def last_as_long_as_driver(
    nodes: Callable[[], list[dict[str, Any]]],
    wait: Callable[..., object] = wait_until,
) -> None:
    """Wait until the node of a stage has come and gone, or has not come in time.

    Args:
        nodes: the nodes of the cluster, as `ray.nodes` gives them.
        wait: as `wait_until`.
    """

    def joined() -> bool:
        return any(node["Alive"] and DRIVER in node["Resources"] for node in nodes())

    with suppress(TimeoutError):
        wait(joined, pause_seconds=PAUSE_SECONDS, patience_seconds=JOIN_SECONDS)
        while True:
            wait(lambda: not joined(), pause_seconds=PAUSE_SECONDS)
            wait(joined, pause_seconds=PAUSE_SECONDS, patience_seconds=RETURN_SECONDS)


if __name__ == "__main__":
    import ray

    ray.init(address="auto", log_to_driver=False)
    last_as_long_as_driver(ray.nodes)
