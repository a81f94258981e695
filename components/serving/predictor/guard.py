"""No pickle, enforced while the predictor runs: whatever tries to load a class from one ends the process."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

__all__ = ["EXIT_STATUS", "forbid_pickle"]

EXIT_STATUS = 70

log = logging.getLogger("sevenfold.serving")


def forbid_pickle() -> None:
    """Install an audit hook that ends the process with status 70 on ``pickle.find_class``; it cannot be removed."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "pickle.find_class":
        log.critical("a pickle was about to load a class", extra={"data": {"class": ".".join(map(str, arguments))}})
        # An exception could be caught by whoever called; nothing that unpickles here may go on.
        os._exit(EXIT_STATUS)
