"""The images the stages run in; their tag is the package's version.

Everything of ours that a cluster pulls is named here, and one setting moves all of it: `images.registry` in a plan.
"""

from __future__ import annotations

from collections.abc import Mapping

from sevenfold import __version__

__all__ = ["CONTROL", "PREPARE", "RAY", "REGISTRY", "SERVE", "TARGETS", "TENSORFLOW", "TRAIN", "built_images", "image"]

REGISTRY = "ghcr.io/sevenfold"
TARGETS = ("base", "prepare", "train", "tensorflow", "ray", "serve", "control")  # of `docker/Dockerfile`


def image(target: str, registry: str = REGISTRY) -> str:
    """Return the reference of one target of `docker/Dockerfile`.

    >>> image("train", "registry.example.org/ours").rpartition(":")[0]
    'registry.example.org/ours/sevenfold-python-train'
    """
    return f"{(registry or REGISTRY).rstrip('/')}/sevenfold-python-{target}:{__version__}"


def built_images(record: Mapping[str, object]) -> dict[str, str]:
    """Return target to reference from the record that `docker/build.py` writes to ``build/images.json``.

    A pushed image is named by its digest, so that a cache never takes new code for old.

    Raises:
        ValueError: if the record is of another format, or names a target that does not exist.
    """
    images = record.get("images")
    if record.get("version") != 1 or not isinstance(images, Mapping) or not set(images) <= set(TARGETS):
        raise ValueError(f"A record of images must be of format 1 and name only {', '.join(TARGETS)}.")
    return {str(target): str(reference) for target, reference in images.items()}


PREPARE = image("prepare")
TRAIN = image("train")
TENSORFLOW = image("tensorflow")
RAY = image("ray")
SERVE = image("serve")
CONTROL = image("control")
