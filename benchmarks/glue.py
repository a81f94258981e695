"""What the local pipeline costs beyond the work of its tasks: ``python -m benchmarks.glue [PAIRS]``.

CPU seconds per task are the difference between a chain of ten tasks and one of two, over eight, so that importing kfp
once is not counted. The peer is kfp's own default: a virtual environment per task and kfp installed into each.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.pairs import PINNED, children_cpu, compare

LONG, SHORT = 10, 2

CHAIN = """
import sys, warnings
from kfp import dsl, local
warnings.simplefilter("ignore")
tasks, root, plain = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "ours"

@dsl.component(base_image="python", install_kfp_package=not plain)
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

local.init(local.SubprocessRunner(use_venv=not plain), pipeline_root=root)
chain()
"""


def main(pairs: int = 5) -> None:
    """Print what a task costs with our runner and with kfp's defaults, and their ratio."""

    def cost(kind: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "chain.py"
            ours = "from sevenfold.runtime.failure import stage_boundary; stage_boundary('x')"
            script.write_text(CHAIN.format(boundary=ours if kind == "ours" else "pass"))
            run = [sys.executable, str(script)]
            long = children_cpu([*run, str(LONG), folder, kind], **PINNED)
            short = children_cpu([*run, str(SHORT), folder, kind], **PINNED)
        return (long - short) / (LONG - SHORT)

    compare("glue per task", lambda: cost("ours"), lambda: cost("kfp"), unit="CPU s", pairs=pairs)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
