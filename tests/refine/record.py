"""Record what OpenRefine's engine gives for the cases by hand and for generated ones: python tests/refine/record.py."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "samples"))

from openrefine import OpenRefine, _jars  # noqa: E402
from refine_cases import CASES  # noqa: E402
from refine_histories import generated_case  # noqa: E402
from refined import comparable  # noqa: E402

GENERATED = range(1_000_000, 1_000_040)


def main() -> None:
    """Write recorded.json."""
    cases = {**CASES, **{f"generated {seed}": generated_case(seed) for seed in GENERATED}}
    with tempfile.TemporaryDirectory() as scratch:
        engine = OpenRefine(_jars(), Path(scratch))
        recorded = {}
        for name, (text, history) in cases.items():
            answer = engine.apply(text, history)
            kept = {"index": answer["index"]} if "index" in answer else comparable(answer)
            recorded[name] = {"csv": text, "history": history, "answer": kept}
        engine.close()
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(case, ensure_ascii=False)}" for name, case in recorded.items())
    (HERE / "recorded.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()
