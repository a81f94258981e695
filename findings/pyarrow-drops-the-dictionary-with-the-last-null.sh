#!/usr/bin/env bash
# DictionaryArray.drop_null() keeps the dictionary, unless every value is null: then it gives an empty array with an empty
# dictionary, so codes that are counted by the dictionary's length no longer fit those of the other chunks of a column.
# array.filter(array.is_valid()) keeps the dictionary always.
# Seen with pyarrow 26.0.1 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1
"$work/venv/bin/python" - <<'PY'
import pyarrow as pa

found = {}
for codes in ([None, 0], [None, None]):
    array = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(["a", "b"]))
    kept = [some.dictionary.to_pylist() for some in (array.drop_null(), array.filter(array.is_valid()))]
    print(codes, "dropped:", kept[0], "filtered:", kept[1])
    found[codes[1]] = kept
assert found == {0: [["a", "b"], ["a", "b"]], None: [[], ["a", "b"]]}
PY
