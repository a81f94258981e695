"""Clusters of nearest neighbours: texts that are no farther apart than a radius look like one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sevenfold.refine.clustering.blocks import blocks_of
from sevenfold.refine.clustering.clusters import Cluster, in_order, java_sorted
from sevenfold.refine.clustering.java_order import hash_of_set, java_hash, map_order

__all__ = ["Distance", "near"]


class Distance(Protocol):
    """Finds near pairs among texts, a few texts at a time so that progress can be said."""

    def compare(self, texts: Sequence[str], start: int, radius: float) -> tuple[int, list[tuple[int, int]]]:
        """Compare some texts from `start` on with all those after them.

        Returns:
            The first text that was not compared, and the positions of each two texts within the radius, ascending, the
            lower one first.
        """


def near(
    counts: Mapping[str, int],
    distance: Distance,
    *,
    radius: float,
    block_size: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Cluster]:
    """Return the clusters of a column as OpenRefine gives them on one processor, in its order.

    Each text gives a cluster with all those within the radius, so clusters overlap; equal ones are given once. With
    more processors OpenRefine cuts some of them, and gives the pieces.

    Args:
        counts: how many cells hold each text, in the order in which they come first.
        distance: finds the pairs.
        radius: the largest distance.
        block_size: letters in a row that two texts must share to be compared.
        on_progress: called with the comparisons done and all of them.
    """
    groups: dict[str, set[str]] = {}
    blocks = blocks_of(counts, block_size)
    done, total = 0, sum(map(_comparisons, map(len, blocks)))
    for block in blocks:
        texts, start = java_sorted(block), 0
        while start < len(texts) - 1:
            after, pairs = distance.compare(texts, start, radius)
            for first, second in pairs:
                one, other = texts[first], texts[second]
                groups.setdefault(one, {one}).add(other)
                groups.setdefault(other, {other}).add(one)
            done += _comparisons(len(texts) - start) - _comparisons(len(texts) - after)
            start = after
            if on_progress is not None:
                on_progress(done, total)
    codes = {text: java_hash(text) for text in groups}
    names = list(groups)
    ordered = (frozenset(groups[names[place]]) for place in map_order(list(codes.values())))
    members = list(dict.fromkeys(ordered))
    hashes = [hash_of_set([codes[text] for text in group]) for group in members]
    return in_order((list(members[place]) for place in map_order(hashes)), counts)


def _comparisons(texts: int) -> int:
    return texts * (texts - 1) // 2
