"""Ask OpenRefine's engine again for what `recorded.json` holds: python tests/refine/grel/record.py JARS.

JARS is the folder of OpenRefine's jars; `tests/samples/openrefine.py` says where the tests put it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "samples"))
from openrefine import OpenRefine

RECORDED = Path(__file__).parent / "recorded.json"


def main(jars: Path) -> None:
    """Write the answers beside the questions, a case a line."""
    asked = [case[:2] for case in json.loads(RECORDED.read_text())]
    with tempfile.TemporaryDirectory() as scratch:
        engine = OpenRefine(jars, Path(scratch))
        questions = [{"expression": text, "rowIndex": 3, "columnName": "a", **bindings} for text, bindings in asked]
        answers = engine.ask({"evaluate": questions})["results"]
        engine.close()
    lines = [json.dumps([*case, answer], ensure_ascii=False) for case, answer in zip(asked, answers, strict=True)]
    RECORDED.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
