#!/usr/bin/env bash
# The newest grafana-foundation-sdk by version number is the one for the oldest Grafana. Each release comes out once per
# Grafana line, with the second of its build as epoch: 1769699379!11.6.0 first and 1769699998!10.1.0 last, ten minutes
# later. An epoch outranks all that follows it, so pip takes types for Grafana 10.1 where any version is right, and also
# where somebody writes >=11.6: that is 0!11.6, below every release. ==11.6.* finds nothing at all. Only the whole
# version with its epoch names a line.
# Seen with grafana-foundation-sdk up to 1769699998!10.1.0 and pip 25.3 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet pip==25.3
until='<=1769699998!10.1.0' # what was there when this was written

taken() { # requirement
  rm -rf "$work/wheels"
  "${pip[@]}" download --quiet --no-deps --dest "$work/wheels" "grafana-foundation-sdk$1" 2>/dev/null || true
  ls "$work/wheels" 2>/dev/null | sed -E 's/.*-([0-9!]+[0-9.]+)-py3.*/\1/'
}

any=$(taken "$until") least=$(taken ">=11.6,$until") line=$(taken '==11.6.*') whole=$(taken '==1769699379!11.6.0')
echo "any version: $any; >=11.6: $least; ==11.6.*: ${line:-none}; ==1769699379!11.6.0: $whole"
[ "$any" = '1769699998!10.1.0' ] || { echo "another version is the newest"; exit 1; }
[ "$least" = "$any" ] || { echo ">=11.6 takes another version"; exit 1; }
[ -z "$line" ] || { echo "==11.6.* finds a version"; exit 1; }
[ "$whole" = '1769699379!11.6.0' ] || { echo "the whole version is not found"; exit 1; }
