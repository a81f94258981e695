"""What no history can do here, and what to do instead."""

from __future__ import annotations

from typing import Final

from sevenfold.refine.operations.registry import OPERATIONS

__all__ = ["why_unsupported"]

_RECONCILIATION: Final = frozenset(
    f"core/{name}"
    for name in (
        "recon",
        "recon-match-best-candidates",
        "recon-discard-judgments",
        "recon-mark-new-topics",
        "recon-match-specific-topic-to-cells",
        "recon-judge-similar-cells",
        "recon-clear-similar-cells",
        "recon-copy-across-columns",
        "recon-use-values-as-identifiers",
        "extend-reconciled-data",
    )
)
_FETCHING: Final = "core/column-addition-by-fetching-urls"


def why_unsupported(op: str) -> tuple[str, str] | None:
    """Return why an operation cannot be replayed and the remedy, or None where it can."""
    if op in OPERATIONS:
        return None
    if op in _RECONCILIATION:
        return (
            "reconciles with a service on the network",
            "Export the reconciled table from OpenRefine and use that as the source.",
        )
    if op == _FETCHING:
        return (
            "fetches addresses on the network",
            "Fetch them once, join them to the table, and record the history on that.",
        )
    if not op.startswith("core/"):
        return ("belongs to an extension of OpenRefine", "Do it with OpenRefine's own operations.")
    return ("is not known", f"Known are: {', '.join(sorted(name.removeprefix('core/') for name in OPERATIONS))}.")
