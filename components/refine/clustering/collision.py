"""Clusters by key collision: texts that have the same key look like one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sevenfold.refine.clustering.clusters import Cluster, in_order
from sevenfold.refine.clustering.java_order import java_hash, map_order

__all__ = ["by_key"]


def by_key(counts: Mapping[str, int], key: Callable[[str], str]) -> list[Cluster]:
    """Return the clusters of a column as OpenRefine's key collision gives them, in its order.

    Args:
        counts: how many cells hold each text, in the order in which they come first.
        key: gives the key of a text.
    """
    groups: dict[str, list[str]] = {}
    for text in counts:
        groups.setdefault(key(text), []).append(text)
    several = {name: group for name, group in groups.items() if len(group) > 1}
    if not several:
        return []
    # The order needs the slots of all keys, those of single texts too.
    names = list(groups)
    ordered = [names[place] for place in map_order([java_hash(name) for name in names])]
    return in_order((several[name] for name in ordered if name in several), counts)
