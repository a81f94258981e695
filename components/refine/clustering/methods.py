"""Find the clusters of a column by one of OpenRefine's methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, Final

from sevenfold.contracts.errors import DataError
from sevenfold.refine.clustering.clusters import Cluster
from sevenfold.refine.clustering.collision import by_key
from sevenfold.refine.clustering.levenshtein import Levenshtein
from sevenfold.refine.clustering.neighbours import Distance, near
from sevenfold.refine.clustering.ppm import Ppm
from sevenfold.refine.keyers import KEYERS, OPENREFINE_KEYERS
from sevenfold.refine.keyers.fingerprint import ngram_fingerprint
from sevenfold.refine.keyers.openrefine import keys_of

__all__ = ["METHODS", "Method", "clusters_of", "method_of"]

_DISTANCES: Final[Mapping[str, Distance]] = {"levenshtein": Levenshtein(), "ppm": Ppm()}
METHODS: Final = (*KEYERS, *OPENREFINE_KEYERS, *_DISTANCES)


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method with its settings, which have OpenRefine's defaults.

    Args:
        name: one of `METHODS`.
        ngram_size: letters of a run, for ngram-fingerprint.
        radius: the largest distance of neighbours, 0 or more.
        block_size: letters in a row that neighbours share.
        openrefine: the folder of OpenRefine, for the methods that it answers itself: metaphone3 and beider-morse.

    Raises:
        DataError: ``cluster_method``; ``cluster_setting`` for a number out of range; ``openrefine_folder`` for none
            where one is needed.
    """

    name: str = "fingerprint"
    ngram_size: int = 2
    radius: float = 1.0
    block_size: int = 6
    openrefine: Path | None = None

    def __post_init__(self) -> None:
        if self.name not in METHODS:
            raise _unknown(self.name)
        if self.by_openrefine and self.openrefine is None:
            raise _no_folder(self.name)
        if not (isfinite(self.radius) and self.radius >= 0):
            raise _setting("radius", self.radius, "0 or more")
        for name, size in (("ngram_size", self.ngram_size), ("block_size", self.block_size)):
            if size < 1:
                raise _setting(name, size, "1 or more")

    @property
    def neighbours(self) -> bool:
        """Whether distances are compared, which may take long."""
        return self.name in _DISTANCES

    @property
    def by_openrefine(self) -> bool:
        """Whether OpenRefine itself gives the keys, in Java."""
        return self.name in OPENREFINE_KEYERS


def method_of(name: str, openrefine: Path | None = None, **given: float | None) -> Method:
    """Return a method with the settings that are given; those that are None keep their defaults.

    Raises:
        DataError: as `Method`; ``cluster_setting`` for one that the method does not have, too.
    """
    settings: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    method = Method(name=name, openrefine=openrefine, **settings)
    known = {"radius", "block_size"} if method.neighbours else {"ngram_size"} if name == "ngram-fingerprint" else set()
    for key in settings.keys() - known:
        raise DataError(
            "cluster_setting",
            f"`{key}` is no setting of {name}, which has {' and '.join(sorted(known)) or 'none'}.",
            remedy="Leave it out, or name the method that it belongs to.",
        )
    return method


def clusters_of(
    counts: Mapping[str, int], method: Method, on_progress: Callable[[int, int], None] | None = None
) -> list[Cluster]:
    """Return the clusters in the order in which OpenRefine lists them: the largest first.

    Args:
        counts: how many cells hold each text, in the order in which they come first.
        method: how to find them.
        on_progress: called with the steps done and all of them, where neighbours are looked for or OpenRefine is asked.

    Raises:
        MissingExtraError: for a method that OpenRefine answers, without JPype.
        DataError: ``openrefine_folder``, ``openrefine_java``, ``openrefine_keyer`` for such a method.
    """
    if method.neighbours:
        distance = _DISTANCES[method.name]
        return near(counts, distance, radius=method.radius, block_size=method.block_size, on_progress=on_progress)
    if method.openrefine is not None and method.by_openrefine:
        said = None if on_progress is None else partial(_said, on_progress, len(counts))
        return by_key(counts, keys_of(counts, method.name, method.openrefine, said).__getitem__)
    key = KEYERS[method.name]
    if method.name == "ngram-fingerprint":
        key = partial(ngram_fingerprint, size=method.ngram_size)
    return by_key(counts, key)


def _said(on_progress: Callable[[int, int], None], total: int, done: int) -> None:
    on_progress(done, total)


def _no_folder(name: str) -> DataError:
    return DataError(
        "openrefine_folder",
        f"{name} needs the folder of OpenRefine, whose own classes give its keys, but none is named.",
        remedy="Name it with --openrefine or OPENREFINE_HOME, compare sounds by cologne-phonetic or daitch-mokotoff, "
        f"or cluster the column in OpenRefine by {name} and replay its history, which holds the merged values.",
    )


def _unknown(name: str) -> DataError:
    supported = ", ".join(METHODS)
    close = get_close_matches(name, METHODS, n=1)
    remedy = f"Perhaps {close[0]} is meant." if close else "Use one of these."
    return DataError(
        "cluster_method", f"A method of clustering must be one of {supported}, but got {name!r}.", remedy=remedy
    )


def _setting(name: str, value: float, rule: str) -> DataError:
    return DataError(
        "cluster_setting", f"`{name}` must be {rule}, but got {value}.", remedy="Change it or leave it out."
    )
