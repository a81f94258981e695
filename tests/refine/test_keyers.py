"""The keys of texts are OpenRefine's."""

from __future__ import annotations

import itertools
import random

import pytest
from openrefine import OpenRefine

from sevenfold.refine.keyers import KEYERS

LETTERS = "abcdefghijklmnopqrstuvwxyz"
GROUPS = (
    *(*LETTERS, "sch", "ts", "tsch", "zd", "st", "mn", "nm", "rs", "ck", " ", "-", "Ä", "ö", "ß", "é", "ę", "ł", "İ"),
    *("\u00a0", "\u2007", "\x1f", "ţ", "þ", "😀", "1", "ﬁ", "ẞ", "X", "Ñ", "C"),
)


def texts() -> list[str]:
    rng = random.Random(7)
    short = ["".join(letters) for length in (0, 1, 2) for letters in itertools.product(LETTERS, repeat=length)]
    return short + ["".join(rng.choices(GROUPS, k=rng.randint(1, 12))) for _ in range(2_000)]


@pytest.mark.parametrize("keyer", KEYERS)
def test_a_key_is_openrefines(openrefine: OpenRefine, keyer: str) -> None:
    asked = texts()
    keys = openrefine.keys(keyer, asked)
    assert [(text, KEYERS[keyer](text)) for text in asked] == list(zip(asked, keys, strict=True))


@pytest.mark.parametrize(
    ("keyer", "text", "key"),
    [
        ("fingerprint", " Zürich,  ST. gallen", "gallen st zurich"),
        ("ngram-fingerprint", "Paris", "arispari"),
        ("cologne-phonetic", "Müller-Lüdenscheidt", "65752682"),
        ("cologne-phonetic", "Xaver", "4837"),
        ("daitch-mokotoff", "Moskowitz", "645740"),
        ("daitch-mokotoff", "Peters", "734000"),
        ("daitch-mokotoff", "", "000000"),
    ],
)
def test_keys_of_known_words(keyer: str, text: str, key: str) -> None:
    assert KEYERS[keyer](text) == key
