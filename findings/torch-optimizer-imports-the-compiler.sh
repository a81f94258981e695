#!/usr/bin/env bash
# PyTorch 2.13 imports its compiler, torch._dynamo, and sympy with it, when the first optimizer of a process is made: plain
# SGD, nothing compiled, no step taken. `import torch` alone and the backward pass do not. Some 800 modules come in, about
# a second of CPU time: more than the whole fit of a small model. Later optimizers cost nothing.
# Seen with torch 2.13.0 on Python 3.11: 1,123 modules after `import torch`, 1,946 after `torch.optim.SGD(...)`.
# The wheel is large; one that lies at hand is taken from PIP_FIND_LINKS.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import sys
import time

import torch


def loaded() -> tuple[bool, bool]:
    return "torch._dynamo" in sys.modules, "sympy" in sys.modules


parameter = torch.nn.Parameter(torch.zeros(1))
((parameter - 1) ** 2).sum().backward()
seen, modules = [loaded()], len(sys.modules)
for kind in (torch.optim.SGD, torch.optim.Adam):
    started = time.process_time()
    kind([parameter], lr=0.1)
    seen.append(loaded())
    spent = time.process_time() - started
    print(f"{kind.__name__}: {len(sys.modules) - modules} more modules, {spent:.2f} CPU s")
    modules = len(sys.modules)
assert seen[0] == (False, False), "import torch, or a backward pass, brings the compiler now"
assert seen[1] == (True, True), "the first optimizer no longer brings the compiler"
PY
