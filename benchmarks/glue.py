"""What the local pipeline costs beyond the work of its tasks: ``python -m benchmarks.glue``.

CPU seconds per task are the difference between a long and a short chain of tasks, so that importing kfp once is not
counted. The peer is kfp's own default: a virtual environment per task, and kfp installed into each, which takes the
network. ``--quick`` runs one task each, and the peer without its installation.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.pairs import PINNED, children_cpu, compare
from benchmarks.rows import Row, parser, report

# A task of the peer's costs ten CPU seconds, so two of them are enough to see it.
LENGTHS = {"ours": (10, 2), "kfp": (2, 1)}

CHAIN = """
import sys, warnings
from kfp import dsl, local
warnings.simplefilter("ignore")
tasks, root, installs = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "installs"

@dsl.component(base_image="python", install_kfp_package=installs)
def step(text: str, out: dsl.Output[dsl.Dataset]) -> str:
    {boundary}
    with open(out.path, "w") as stream:
        stream.write(text)
    return text

@dsl.pipeline(name="chain")
def chain():
    text = "x"
    for _ in range(tasks):
        text = step(text=text).outputs["Output"]

local.init(local.SubprocessRunner(use_venv=installs), pipeline_root=root)
chain()
"""
BOUNDARY = "from sevenfold.runtime.failure import stage_boundary; stage_boundary('x')"


def chain_cpu(side: str, tasks: int, *, quick: bool) -> float:
    """Return the CPU seconds of a chain of so many tasks in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "chain.py"
        script.write_text(CHAIN.format(boundary=BOUNDARY if side == "ours" else "pass"))
        kind = "installs" if side == "kfp" and not quick else "plain"
        return children_cpu([sys.executable, str(script), str(tasks), folder, kind], **PINNED)


def per_task(side: str, *, quick: bool) -> float:
    """Return the CPU seconds that one more task costs; of a quick run, those of a chain of one."""
    if quick:
        return chain_cpu(side, 1, quick=True)
    long, short = LENGTHS[side]
    return (chain_cpu(side, long, quick=False) - chain_cpu(side, short, quick=False)) / (long - short)


def measure(pairs: int, *, quick: bool) -> Row:
    """Compare a task of ours with one of kfp's defaults."""
    return compare(
        "glue per task",
        lambda: per_task("ours", quick=quick),
        lambda: per_task("kfp", quick=quick),
        pairs=pairs,
        quick=quick,
    )


if __name__ == "__main__":
    options = parser("glue", __doc__).parse_args()
    report([measure(options.pairs, quick=options.quick)], options.rows)
