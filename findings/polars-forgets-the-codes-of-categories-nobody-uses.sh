#!/usr/bin/env bash
# A pl.Categories object does not hold its categories: their numbers last as long as a Series of it does. Drop the last
# Series, and the next one is numbered anew, although the same Categories object is still in hand. Codes that were kept
# as integers in between then stand for other texts, without a word. An empty Series kept alive keeps the numbers.
# Seen with polars 2.1.0 on Python 3.11: ["x", "y"] and, after that Series is gone, ["y", "x"] both have the codes
# [0, 1]; with an empty Series kept alive the second has [1, 0].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
"$work/venv/bin/python" - <<'PY'
import polars as pl


def codes(texts, categories):
    return pl.Series(texts, dtype=pl.Categorical(categories)).to_physical().to_list()


alone = pl.Categories.random()
first, second = codes(["x", "y"], alone), codes(["y", "x"], alone)
print("nothing kept:", first, second)
held = pl.Categories.random()
empty = pl.Series([], dtype=pl.Categorical(held))
third, fourth = codes(["x", "y"], held), codes(["y", "x"], held)
print("an empty Series kept:", third, fourth)
assert (first, second) == ([0, 1], [0, 1])
assert (third, fourth) == ([0, 1], [1, 0])
PY
