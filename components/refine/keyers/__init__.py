"""The keys by which OpenRefine groups texts, under the names that its server gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sevenfold.refine.keyers.cologne import cologne_phonetic
from sevenfold.refine.keyers.daitch_mokotoff import daitch_mokotoff
from sevenfold.refine.keyers.fingerprint import fingerprint, ngram_fingerprint
from sevenfold.refine.keyers.openrefine import OPENREFINE_KEYERS

__all__ = ["KEYERS", "OPENREFINE_KEYERS"]

KEYERS: Final[Mapping[str, Callable[[str], str]]] = {
    "fingerprint": fingerprint,
    "ngram-fingerprint": ngram_fingerprint,
    "cologne-phonetic": cologne_phonetic,
    "daitch-mokotoff": daitch_mokotoff,
}
