"""How a run ended, in one sentence."""

from __future__ import annotations

import json

__all__ = ["describe_outcome"]


def describe_outcome(state: str, error: str, left: str) -> str:
    """Return one sentence on how a run ended.

    Args:
        state: what the engine says: SUCCEEDED or COMPLETE, else FAILED or CANCELLED.
        error: the engine's own message, which never holds the cause.
        left: the JSON line the failed stage left, or "".
    """
    if state in ("SUCCEEDED", "COMPLETE"):
        return "The run finished; the decision is in the testing stage's report."
    try:
        cause = json.loads(left)
    except ValueError:
        return f"The run ended as {state}: {error or 'the log of the failed task holds the cause'}."
    return f"{cause['stage']} failed ({cause['code']}): {cause['message']} {cause['remedy']}".strip()
