"""The acknowledgement: a person has seen why one was called, and the loop may go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sevenfold.contracts.errors import DataError, PolicyError
from sevenfold.monitoring.retrain.cause import Cause, cause_key
from sevenfold.monitoring.retrain.decide import Action, Decision, Reason
from sevenfold.monitoring.retrain.journal import Entry, Journal

__all__ = ["Acknowledgement", "acknowledge", "person_needed", "read_acknowledgement"]

Text = Annotated[str, Field(min_length=1, max_length=500)]

_SEEN: Final = (Reason.PROMOTED, Reason.ACKNOWLEDGED)


class Acknowledgement(BaseModel):
    """Who has seen why the loop of a plan called for a person, and what was found or mended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    who: Text
    reason: Text


def read_acknowledgement(body: bytes) -> Acknowledgement:
    """Read the body of a request.

    Raises:
        DataError: ``bad_acknowledgement``.
    """
    try:
        return Acknowledgement.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise DataError(
            "bad_acknowledgement", f"It must have name, who and reason, but {where}: {first['msg']}."
        ) from None


def person_needed(entries: Sequence[Entry]) -> Entry | None:
    """Return the decision that calls for a person, unless a better model or an acknowledgement came after it."""
    deciding = [entry for entry in entries if entry.action is Action.PAGE or entry.reason in _SEEN]
    last = max(deciding, key=lambda entry: (entry.last, entry.number), default=None)
    return last if last is not None and last.action is Action.PAGE else None


def acknowledge(journal: Journal, name: str, *, who: str, reason: str, now: float) -> Decision:
    """Put on record who has seen why a person was called for; the page ends, and what waits for it goes on.

    Failures, the wait after them and the day's budget begin anew, and a cause whose run brought no model may have
    another. Nothing is started by it: the next notification, look or tick does.

    Args:
        journal: of the decisions.
        name: the plan's.
        who: has seen it.
        reason: what was found or mended.
        now: the moment, in seconds since 1970.

    Raises:
        PolicyError: ``nothing_to_acknowledge``: no person is called for.
    """
    needed = person_needed(journal.entries(name))
    if needed is None:
        raise PolicyError(
            "nothing_to_acknowledge",
            f"A person must be called for by the loop of {name!r} before one can acknowledge it, but none is.",
            remedy=f"See what was decided with: sevenfold history {name}",
        )
    sentence = f"{who} has seen it: {reason.rstrip('.')}. It was: {needed.sentence}"
    cause = Cause(name=name, keys=(cause_key(name, "acknowledged", str(now)),), since=now, evidence=reason)
    return journal.decide(cause, lambda _: Decision(Action.NOTE, Reason.ACKNOWLEDGED, sentence), now)
