#!/usr/bin/env bash
# ray.init() points PYTHONBREAKPOINT at Ray's remote debugger and ray.shutdown() leaves it there. From then on every
# process that this one starts inherits it, whatever it has to do with Ray: where Ray is not installed, Python ignores
# breakpoint() with a RuntimeWarning, and the debugger that a developer asked for never opens. RAY_AUTH_MODE
# stays behind as well.
# Seen with ray 2.60.0 on Python 3.11: PYTHONBREAKPOINT and RAY_AUTH_MODE, unset before, are set after the shutdown;
# a child without Ray says "Ignoring unimportable $PYTHONBREAKPOINT", and goes on past breakpoint().
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ray==2.60.0
env -u PYTHONBREAKPOINT -u RAY_AUTH_MODE -u RAY_CLIENT_MODE RAY_USAGE_STATS_ENABLED=0 "$work/venv/bin/python" - "$work/r" <<'PY'
import os
import subprocess
import sys

import ray

before = set(os.environ)
ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, _temp_dir=sys.argv[1])
ray.shutdown()
left = {name: os.environ[name] for name in sorted(set(os.environ) - before)}
print("left behind:", left)
assert left.get("PYTHONBREAKPOINT") == "ray.util.rpdb._driver_set_trace", "the environment is as it was before"
# -S leaves site-packages out, as an interpreter without Ray would
child = subprocess.run(
    [sys.executable, "-S", "-c", "breakpoint(); print('went on')"], capture_output=True, text=True, check=True
)
print("a child without Ray:", child.stderr.strip().splitlines()[0].partition("RuntimeWarning: ")[2], "|", child.stdout.strip())
assert "unimportable" in child.stderr, "breakpoint() of a child works"
PY
