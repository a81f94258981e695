#!/usr/bin/env bash
# The timeout= of the regex package is not a time to wait but CPU time of the whole process. What other threads compute
# while it runs counts as well, and so does what the loop over finditer() or the function given to sub() computes
# between two matches; sleeping and waiting for the processor do not count. So in a server with busy threads a harmless
# search may end early, and on a loaded machine one with timeout=1 may last many seconds.
# Seen with regex 2026.11.19 on Python 3.11, sub() of four letters by a function that lasts 0.5 s for each: with
# timeout=1 it returns when the function sleeps, and raises TimeoutError when it computes, or when it sleeps while
# another thread computes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check regex==2026.11.19
"$work/venv/bin/python" - <<'PY'
import threading
import time

import regex


def compute(match: object) -> str:
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
    return "b"


def sleep(match: object) -> str:
    time.sleep(0.5)
    return "b"


def wait_for_others(match: object) -> str:
    end = time.process_time() + 0.5
    while time.process_time() < end:
        time.sleep(0.01)
    return "b"


def outcome(replacement: object) -> str:
    started = time.monotonic()
    try:
        result = regex.sub("a", replacement, "aaaa", timeout=1)
    except TimeoutError:
        result = "TimeoutError"
    return f"{result} after {time.monotonic() - started:.1f} s"


slept, computed = outcome(sleep), outcome(compute)
stop = threading.Event()
busy = threading.Thread(target=lambda: [None for _ in iter(stop.is_set, True)])
busy.start()
beside = outcome(wait_for_others)
stop.set()
busy.join()
print(f"the function sleeps: {slept}; computes: {computed}; sleeps beside a busy thread: {beside}")
assert slept.startswith("bbbb"), "waiting counts now"
assert computed.startswith("TimeoutError"), "the function's own time does not count any more"
assert beside.startswith("TimeoutError"), "other threads do not count any more"
PY
