"""Build the images with docker, podman or buildah, and write what they are to build/images.json.

    python docker/build.py --registry localhost:5001 --push

Standard library only, so that it runs before anything is installed. An image's tag is the package's version for a
release (``--release``), and otherwise a hash of everything that goes into it, so that a tag never means two contents.
With ``--push``, build/images.json names every image by its digest, and `sevenfold compile` takes it from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Build", "content_tag", "find_engine", "inputs", "main", "repository"]

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ("base", "prepare", "train", "tensorflow", "ray", "serve", "control")
REGISTRY = "ghcr.io/sevenfold"
BASE_IMAGE = "docker.io/library/python:3.11-slim-bookworm"
ENGINES = ("docker", "podman", "buildah")
# What an image is made of; README.md only becomes the package's description.
SOURCES = ("components", "pipelines", "docker", "pyproject.toml", "constraints.txt", "LICENSE", "README.md")
IGNORED = ("__pycache__", ".mypy_cache", ".ruff_cache")


@dataclass(frozen=True, kw_only=True)
class Build:
    """One way to build: the engine, the names, and what is handed to the Dockerfile."""

    engine: str
    registry: str
    tag: str
    base_image: str = BASE_IMAGE
    torch_backend: str = "cpu"
    wheels: Path | None = None  # a folder of wheels that is taken before any index
    insecure: bool = False  # a registry without TLS

    def reference(self, target: str) -> str:
        """Return the image's name with its tag."""
        return f"{repository(target, self.registry)}:{self.tag}"

    def build_command(self, target: str, context: Path) -> list[str]:
        """Return the command that builds one target from a context folder."""
        arguments = ["--build-arg", f"BASE_IMAGE={self.base_image}"]
        if target in ("train", "tensorflow", "ray"):
            arguments += ["--build-arg", f"TORCH_BACKEND={self.torch_backend}"]
        arguments += ["--file", str(context / "docker" / "Dockerfile"), "--target", target, "--tag"]
        arguments += [self.reference(target), str(context)]
        if self.engine == "docker":
            # BuildKit mounts no folder of the machine; the wheels replace the Dockerfile's empty stage of that name.
            wheels = ["--build-context", f"wheels={self.wheels}"] if self.wheels else []
            return ["docker", "buildx", "build", "--load", *wheels, *arguments]
        volume = ["--volume", f"{self.wheels}:/wheels:ro"] if self.wheels else []
        if self.engine == "podman":
            return ["podman", "build", "--layers", *volume, *arguments]
        # Only chroot needs no privileges of its own where the machine itself is a container.
        return ["buildah", "bud", "--isolation", "chroot", "--layers", *volume, *arguments]

    def push_command(self, target: str, digest_file: Path) -> list[str]:
        """Return the command that pushes one image and, except with docker, writes its digest to a file."""
        if self.engine == "docker":
            return ["docker", "push", self.reference(target)]
        plain = ["--tls-verify=false"] if self.insecure else []
        return [self.engine, "push", *plain, "--digestfile", str(digest_file), self.reference(target)]


def repository(target: str, registry: str) -> str:
    """Return an image's name without tag. It says python because kfp.local warns of images that do not."""
    return f"{registry.rstrip('/')}/sevenfold-python-{target}"


def inputs(root: Path) -> Iterator[Path]:
    """Yield every file that goes into an image, in a fixed order."""
    for name in SOURCES:
        path = root / name
        files = [path] if path.is_file() else path.rglob("*")
        yield from sorted(
            file
            for file in files
            if file.is_file() and file.suffix != ".pyc" and not set(IGNORED) & set(file.relative_to(root).parts)
        )


def content_tag(root: Path, arguments: Mapping[str, str]) -> str:
    """Return a tag that changes with any input file, its path, or any build argument.

    The base image counts by name: give it with its digest where the same name may come to mean another image.
    """
    content = hashlib.sha256()
    for path in inputs(root):
        content.update(
            f"{path.relative_to(root).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        )
    content.update(json.dumps(dict(sorted(arguments.items()))).encode())
    return f"content-{content.hexdigest()[:16]}"


def find_engine(wanted: str = "") -> str:
    """Return the first engine that is here and works; a docker client without its daemon does not count.

    Raises:
        SystemExit: if there is none, naming what was tried.
    """
    for engine in (wanted,) if wanted else ENGINES:
        if shutil.which(engine) and not _run([engine, "info"], check=False).returncode:
            return engine
    tried = wanted or ", ".join(ENGINES)
    raise SystemExit(f"Building images needs a working docker, podman or buildah, but tried {tried} in vain.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the chosen targets, push them if asked, write build/images.json and print it."""
    given = _parser().parse_args(arguments)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    settings = {"BASE_IMAGE": given.base_image, "TORCH_BACKEND": given.torch_backend}
    if given.tag_only:
        sys.stdout.write((version if given.release else content_tag(ROOT, settings)) + "\n")
        return 0
    engine = find_engine(given.engine)
    images = {}
    with tempfile.TemporaryDirectory(prefix="sevenfold-build-") as folder:
        context = Path(folder)
        _copy_inputs(context)
        # Of the copy: the sources may change while it is built.
        tag = version if given.release else content_tag(context, settings)
        build = Build(
            engine=engine,
            registry=given.registry,
            tag=tag,
            base_image=given.base_image,
            torch_backend=given.torch_backend,
            wheels=given.wheels.resolve() if given.wheels else None,
            insecure=given.insecure,
        )
        for target in given.target or TARGETS:
            _say(f"Building {build.reference(target)} with {build.engine}")
            _run(build.build_command(target, context))
            images[target] = _push(build, target, context) if given.push else build.reference(target)
    record = {"version": 1, "tag": tag, "base_image": given.base_image, "images": images}
    out = ROOT / "build" / "images.json"
    out.parent.mkdir(exist_ok=True)
    temporary = out.with_suffix(".tmp")
    temporary.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    temporary.replace(out)
    sys.stdout.write(out.read_text())
    return 0


def _parser() -> argparse.ArgumentParser:
    read = os.environ.get
    parser = argparse.ArgumentParser(description="Build the images and write build/images.json.")
    parser.add_argument("--registry", default=read("REGISTRY") or REGISTRY, help="where they are pushed to")
    parser.add_argument(
        "--target", action="append", choices=TARGETS, help="one target; may be given again; default all"
    )
    parser.add_argument(
        "--engine", default=read("ENGINE") or "", choices=("", *ENGINES), help="default: what works here"
    )
    parser.add_argument("--base-image", default=read("BASE_IMAGE") or BASE_IMAGE, help="Python 3.11 on Debian")
    parser.add_argument("--torch-backend", default=read("TORCH_BACKEND") or "cpu", help="cpu, or cu130 for GPUs")
    parser.add_argument("--wheels", type=Path, default=read("WHEELS"), help="folder of wheels taken before any index")
    parser.add_argument("--release", action="store_true", help="tag with the package's version")
    parser.add_argument("--push", action="store_true", help="push, and name images by digest")
    parser.add_argument("--insecure", action="store_true", help="push without TLS")
    parser.add_argument("--tag-only", action="store_true", help="print the tag and build nothing")
    return parser


def _copy_inputs(context: Path) -> None:
    for path in inputs(ROOT):
        copy = context / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        # Equal content must give an equal layer, whenever it was checked out.
        os.utime(copy, (0, 0))


def _push(build: Build, target: str, context: Path) -> str:
    digest_file = context / f"{target}.digest"
    _run(build.push_command(target, digest_file))
    if build.engine == "docker":
        named = _run(["docker", "inspect", "--format", "{{json .RepoDigests}}", build.reference(target)]).stdout
        own = [name for name in json.loads(named) if name.startswith(f"{repository(target, build.registry)}@")]
        return str(own[0])
    return f"{repository(target, build.registry)}@{digest_file.read_text().strip()}"


def _run(command: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        raise SystemExit(f"{last}\nFailed with status {done.returncode}: {' '.join(command)}")
    return done


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
