#!/usr/bin/env bash
# Polars guesses compression from the first two bytes of a CSV, and the marks of zlib are plain letters: a table whose
# first column is called x^2, or begins with x and one of three control signs, is handed to a decompressor and refused
# with "corrupt deflate stream". Names such as x^2 and x^3 are common where somebody added polynomial features. There is
# no argument that switches the guess off; a quote around the first name, or any other first byte, avoids it.
# Beside it: a byte order mark after a skipped first line belongs to the first column's name with skip_rows=1, and is
# dropped with skip_lines=1.
# Seen with polars 2.1.0 on Python 3.11: read_csv and scan_csv of bytes that begin with "x^2,y" raise OSError.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
"$work/venv/bin/python" - <<'PY'
import polars as pl


def columns(content: bytes, **options: int) -> list[str] | str:
    try:
        return pl.read_csv(content, **options).columns
    except OSError as error:
        return str(error)


plain, quoted, other = (columns(head + b",y\n1,2\n") for head in (b"x^2", b'"x^2"', b"z^2"))
print(f"x^2: {plain}; quoted: {quoted}; z^2: {other}")
assert plain == "corrupt deflate stream", "a header that begins with x^ is read as text now"
assert quoted == ["x^2", "y"] and other == ["z^2", "y"]
marked = b"sep=,\n\xef\xbb\xbfa,b\n1,2\n"
names = {option: columns(marked, **{option: 1}) for option in ("skip_rows", "skip_lines")}
print(names)
assert names == {"skip_rows": ["\ufeffa", "b"], "skip_lines": ["a", "b"]}, "both treat the mark alike now"
PY
