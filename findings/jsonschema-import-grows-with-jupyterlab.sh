#!/usr/bin/env bash
# Importing jsonschema 4.26 costs several times more CPU once rfc3987-syntax is installed beside it, which JupyterLab
# brings through jupyter-events: jsonschema._format imports it at once, and it builds a Lark parser of the URI grammar
# while it is imported. Whatever imports jsonschema pays: nbformat, nbclient, altair. A program that never checks a
# format gets slower to start because a notebook server was installed.
# Seen with jsonschema 4.26.0, rfc3987-syntax 1.1.0, lark 1.3.1 on Python 3.11: 0.09 s alone, 1.29 s beside it (14 times).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip() { "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }
cost() { # CPU seconds of the import, the least of five processes
  for _ in 1 2 3 4 5; do
    "$work/venv/bin/python" -c 'import time; a = time.process_time(); import jsonschema; print(time.process_time() - a)'
  done | sort -n | head -1
}
pip jsonschema==4.26.0
alone=$(cost)
pip rfc3987-syntax==1.1.0 lark==1.3.1
beside=$(cost)
loaded=$("$work/venv/bin/python" -c 'import sys, jsonschema; print("lark" in sys.modules)')
echo "import jsonschema: $alone CPU s alone, $beside CPU s beside rfc3987-syntax; lark imported with it: $loaded"
"$work/venv/bin/python" - "$alone" "$beside" "$loaded" <<'PY'
import sys
alone, beside, loaded = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
assert loaded == "True", "jsonschema no longer imports the grammar at once"
assert beside > 2 * alone, f"the import costs {beside / alone:.1f} times as much, not several times"
PY
