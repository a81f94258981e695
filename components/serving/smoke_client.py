"""A program that runs KServe's client: it reads a task from standard input and writes its checks, both as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from sevenfold.contracts.service import BUNDLE_HEADER, REPLAY_HEADER, REPLAY_VALUE

__all__ = ["run"]

TEXTS = ("category", "datetime")


async def run(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Run every check and return name, passed and detail of each."""
    from kserve import InferenceRESTClient, RESTConfig

    checks: list[dict[str, Any]] = []
    answers: dict[str, list[Any]] = {}

    async def check(name: str, ask: Callable[[], Awaitable[str]]) -> None:
        try:
            checks.append({"name": name, "passed": True, "detail": await ask()})
        except Exception as error:
            checks.append({"name": name, "passed": False, "detail": f"{type(error).__name__}: {error}"[:300]})

    v1 = InferenceRESTClient(RESTConfig(protocol="v1", timeout=20))
    if not task["digest"]:  # TensorFlow Serving
        await check("predict, V1", lambda: _ask_v1(v1, task, answers))
        await v1.close()
        return checks
    v2 = InferenceRESTClient(RESTConfig(protocol="v2", timeout=20))
    try:
        await check("server live, V1", lambda: _true(v1.is_server_live(task["url"])))
        await check("server live, V2", lambda: _true(v2.is_server_live(task["url"])))
        await check("server ready, V2", lambda: _true(v2.is_server_ready(task["url"])))
        await check("model ready, V1", lambda: _true(v1.is_model_ready(task["url"], task["name"])))
        await check("model ready, V2", lambda: _true(v2.is_model_ready(task["url"], task["name"])))
        await check("predict, V1", lambda: _ask_v1(v1, task, answers))
        await check("predict, V2 JSON", lambda: _ask_v2(v2, task, answers, binary=False))
        await check("predict, V2 binary", lambda: _ask_v2(v2, task, answers, binary=True))
        await check("all protocols agree", lambda: _agree(answers))
    finally:
        await v1.close()
        await v2.close()
    return checks


async def _true(answer: Awaitable[Any]) -> str:
    if await answer is not True:
        raise ValueError("the answer is not true")
    return "true"


async def _ask_v1(client: Any, task: dict[str, Any], answers: dict[str, list[Any]]) -> str:
    received: dict[str, str] = {}
    answer = await client.infer(
        task["url"],
        task["example"],
        model_name=task["name"],
        headers={REPLAY_HEADER: REPLAY_VALUE},
        response_headers=received,
    )
    if task["digest"]:
        _require_bundle(received, task)
    predictions = answer["predictions"]
    if len(predictions) != len(task["example"]["instances"]):
        raise ValueError(f"{len(predictions)} predictions for {len(task['example']['instances'])} rows")
    answers["V1"] = [entry["label"] if isinstance(entry, dict) else entry for entry in predictions]
    return f"{len(predictions)} predictions"


async def _ask_v2(client: Any, task: dict[str, Any], answers: dict[str, list[Any]], *, binary: bool) -> str:
    from kserve import InferInput, InferRequest

    rows = task["example"]["instances"]
    inputs = []
    for name, kind in task["inputs"].items():
        values = [row.get(name) for row in rows]
        put = InferInput(name, [len(rows)], "BYTES" if kind in TEXTS else "FP64")
        put.set_data_from_numpy(_array(values, kind), binary_data=binary)
        inputs.append(put)
    parameters = {"binary_data_output": True} if binary else {}
    received: dict[str, str] = {}
    answer = await client.infer(
        task["url"],
        InferRequest(task["name"], inputs, parameters=parameters),
        model_name=task["name"],
        headers={REPLAY_HEADER: REPLAY_VALUE},
        response_headers=received,
    )
    _require_bundle(received, task)
    first = answer.outputs[0]
    values = first.as_numpy().tolist()
    answers[f"V2 {'binary' if binary else 'JSON'}"] = [
        value.decode() if isinstance(value, bytes) else value for value in values
    ]
    return f"{len(values)} predictions"


def _array(values: list[Any], kind: str) -> Any:
    import numpy as np

    if kind in TEXTS:
        return np.array(["" if value is None else str(value) for value in values], dtype=object)
    return np.array([float("nan") if value is None else float(value) for value in values], dtype=np.float64)


def _require_bundle(received: dict[str, str], task: dict[str, Any]) -> None:
    served = received.get(BUNDLE_HEADER, "")
    if served != task["digest"]:
        raise ValueError(f"bundle {task['digest'][:19]} must answer, but got {served[:19]!r}")


async def _agree(answers: dict[str, list[Any]]) -> str:
    if len(answers) != 3 or len({json.dumps(labels) for labels in answers.values()}) != 1:
        raise ValueError(f"the answers differ: {sorted(answers)}")
    return "equal"


def main() -> None:
    """Read the task, run it, write the checks."""
    task = json.loads(sys.stdin.read())
    try:
        import kserve  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "kserve":
            raise
        sys.stdout.write('\n"kserve"\n')
        return
    sys.stdout.write("\n" + json.dumps(asyncio.run(run(task))) + "\n")


if __name__ == "__main__":
    main()
