"""The images the stages run in; their tag is the package's version."""

from __future__ import annotations

from sevenfold import __version__

__all__ = ["CONTROL", "PREPARE", "REGISTRY", "SERVE", "TRAIN", "image"]

REGISTRY = "ghcr.io/sevenfold"


def image(target: str, registry: str = REGISTRY) -> str:
    """Return the reference of one target of `docker/Dockerfile`: prepare, train, serve or control."""
    return f"{registry}/sevenfold-python-{target}:{__version__}"


PREPARE = image("prepare")
TRAIN = image("train")
SERVE = image("serve")
CONTROL = image("control")
