"""The one tree of exceptions, and their JSON form.

SevenfoldError
├── PlanError           the plan is wrong; carries every problem at once
├── DataError           the data cannot be used; never retried
├── InputError          one value of a row breaks the signature; names the field
├── PolicyError         something forbidden was asked for (a path, an address, a name)
├── IntegrityError      a file is missing, unlisted, or differs from its digest
├── GateRefused         the candidate was tested and turned down
├── TrainingError       no model could be made from good data
├── ServingError        the predictor or its service did not come up or answered wrongly
├── MonitoringError     the serving model cannot be watched
├── TemporaryError      a passing fault; the same call may succeed later
└── MissingExtraError   an optional package is not installed

Every message states the rule, the offending value and the remedy::

    try:
        prepare(...)
    except SevenfoldError as error:
        print(error.to_json())
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "DataError",
    "GateRefused",
    "InputError",
    "IntegrityError",
    "MissingExtraError",
    "MonitoringError",
    "PlanError",
    "PolicyError",
    "Problem",
    "ServingError",
    "SevenfoldError",
    "TemporaryError",
    "TrainingError",
]

SHOWN_PROBLEMS = 40  # of a plan
MESSAGE_LIMIT = 2_000  # characters: a cause must fit a pod's termination message (4 KiB)


class SevenfoldError(Exception):
    """Base of all errors raised on purpose.

    Args:
        code: a stable snake_case word for programs, such as ``no_rows``.
        message: the rule and the value that broke it, for people.
        remedy: what to do about it; empty only where nothing can be done.
    """

    exit_status: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, code: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message[:MESSAGE_LIMIT]
        self.remedy = remedy[:MESSAGE_LIMIT]

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args, self.__dict__)

    def to_dict(self) -> dict[str, object]:
        """Return code, message, remedy, kind, cause and whether a retry may help."""
        return {
            "code": self.code,
            "message": self.message[:MESSAGE_LIMIT],
            "remedy": self.remedy,
            "kind": type(self).__name__,
            "cause": repr(self.__cause__)[:MESSAGE_LIMIT] if self.__cause__ else "",
            "retryable": self.retryable,
            "exit_status": self.exit_status,
        }

    def to_json(self) -> str:
        """Return `to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a plan: its line and key, the rule, the value that breaks it, and the remedy.

    Line 0 means the file as a whole; the value is then a clause. Without a value the rule is a sentence that holds it.
    """

    line: int
    key: str
    rule: str
    value: str
    remedy: str

    def __str__(self) -> str:
        if not self.line:
            return f"It {self.rule}, but {self.value}. {self.remedy}"
        value = f", but got {self.value}." if self.value else ""
        return f"line {self.line}: {self.key}: {self.rule}{value} {self.remedy}"


def _restored(kind: type[SevenfoldError], arguments: tuple[object, ...], state: dict[str, object]) -> SevenfoldError:
    """Return an error that came from another process."""
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class PlanError(SevenfoldError):
    """The plan breaks its rules; `problems` holds all of them, ordered by line."""

    exit_status = 2

    def __init__(self, problems: Sequence[Problem], *, path: str = "plan.yaml") -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.key)))
        count, (first, *_) = len(self.problems), self.problems
        if count == 1 and not first.line:
            super().__init__("plan", f"{path} {first.rule}, but {first.value}.", remedy=first.remedy)
            return
        head = f"{path}: {count} problem{'s' if count != 1 else ''}"
        shown = (str(problem).replace("\n", "\n    ") for problem in self.problems[:SHOWN_PROBLEMS])
        lines = "".join(f"\n  {problem}" for problem in shown)
        more = f"\n  and {count - SHOWN_PROBLEMS} more" if count > SHOWN_PROBLEMS else ""
        super().__init__("plan", head + lines + more)
        self.message = head + lines + more  # a person reads it on a console, where it need not be short


class DataError(SevenfoldError):
    """The data cannot be used as the plan says; `code` is one of the documented cases."""

    exit_status = 2


class InputError(SevenfoldError):
    """A row cannot be fed to the model; `field` names the column."""

    exit_status = 2

    def __init__(self, code: str, message: str, *, field: str = "", remedy: str = "") -> None:
        super().__init__(code, message, remedy=remedy)
        self.field = field


class PolicyError(SevenfoldError):
    """What was asked for is forbidden by a rule of safety, whoever asks."""

    exit_status = 2


class IntegrityError(SevenfoldError):
    """A folder differs from its manifest."""


class GateRefused(SevenfoldError):
    """The candidate was tested and refused; the serving model stays."""

    exit_status = 3


class TrainingError(SevenfoldError):
    """Training or tuning could not produce a model."""


class ServingError(SevenfoldError):
    """A predictor did not start, did not answer, or answered something else than was tested."""


class MonitoringError(SevenfoldError):
    """The serving model cannot be watched: no metrics, or metrics that cannot be read."""


class TemporaryError(SevenfoldError):
    """A passing fault outlasted the retries; the same run may succeed later."""

    retryable = True


class MissingExtraError(SevenfoldError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            "missing_extra",
            f"The package {package!r} is needed here and is not installed.",
            remedy=f"Install it with: pip install 'sevenfold[{extra}]'",
        )
