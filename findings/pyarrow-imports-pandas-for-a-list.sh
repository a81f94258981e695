#!/usr/bin/env bash
# pyarrow.array of a plain list of texts imports pandas, wherever pandas is installed: Arrow asks of whatever it is to
# convert whether it is something of pandas', and imports pandas to be able to ask. So does pa.scalar, and so does the
# number in pc.add(column, 1). Some 400 modules come in at the first call, and with them a quarter of a second of CPU
# time in a program that never names pandas. A table read from a CSV, or an array made of buffers, needs none of it.
# Seen with pyarrow 26.0.1 and pandas 2.3.3 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==2.3.3 numpy==2.4.6
imports() { # prints whether an expression imports pandas, and how many modules come in with it
  "$work/venv/bin/python" - "$1" <<'PY'
import io
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

read = pyarrow.csv.read_csv(io.BytesIO(b"x,y\n1,a\n"))
before = set(sys.modules)
eval(sys.argv[1])
print("pandas" in sys.modules, len(set(sys.modules) - before))
PY
}
for expression in 'pa.array(["a", "b"])' 'pa.scalar("a")' 'pc.add(read["x"], 1)' 'read["y"].to_pylist()' \
  'pc.utf8_upper(read["y"])'; do
  read -r pandas modules < <(imports "$expression")
  echo "$expression: pandas imported: $pandas, modules: $modules"
  case $expression in
    read* | *upper*) [[ $pandas == False ]] ;;
    *) [[ $pandas == True && $modules -gt 200 ]] ;;
  esac
done
