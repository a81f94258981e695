"""What was promoted on this machine, and how to put the previous one back."""

from __future__ import annotations

import getpass
from pathlib import Path

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.registry import LocalRegistry, Record

__all__ = ["release_lines", "roll_back"]


def _registry(name: str, runs: Path) -> LocalRegistry:
    folder = runs / name / "registry"
    if not folder.is_dir():
        raise PolicyError(
            "nothing_promoted",
            f"A promotion of {name!r} must be recorded in {runs}/{name}, but there is none.",
            remedy="Promote one with: sevenfold run PLAN.YAML",
        )
    return LocalRegistry(folder)


def release_lines(name: str, runs: Path) -> list[str]:
    """Return one line per promotion and rollback, newest first; the first is what serves now.

    Raises:
        PolicyError: ``nothing_promoted``.
    """
    return [_line(record) for record in reversed(_registry(name, runs).history())]


def roll_back(name: str, runs: Path, reason: str) -> str:
    """Make the previously promoted bundle what serves, and return the line of the record.

    Raises:
        PolicyError: ``nothing_promoted`` or ``nothing_to_roll_back``.
    """
    return _line(_registry(name, runs).rollback(who=getpass.getuser(), reason=reason or "asked for"))


def _line(record: Record) -> str:
    score = f"  {record.metric} {record.scores[record.metric]:.4f}" if record.metric in record.scores else ""
    reason = f"  ({record.reason})" if record.reason else ""
    return (
        f"{record.number:>4}  {record.moment}  {record.action:<8}  {record.bundle[:19]}{score}  by {record.who}{reason}"
    )
