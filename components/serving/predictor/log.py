"""Logs as one JSON object per line, whatever a message holds."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["JsonFormatter", "log_to_stderr"]

LIMIT = 256  # characters of one value


class JsonFormatter(logging.Formatter):
    """``{"time", "level", "logger", "event", …}``; values are cut at 256 characters, control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line without line breaks inside."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage()[:LIMIT],
        }
        for key, value in getattr(record, "data", {}).items():
            line[key] = value if isinstance(value, int | float | bool) else str(value)[:LIMIT]
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            frames = traceback.extract_tb(error.__traceback__)[-4:]
            line["error"] = f"{type(error).__name__}: {error}"[:LIMIT]
            line["at"] = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
        # ASCII keeps line separators beyond \n from splitting a line in some reader.
        return json.dumps(line, ensure_ascii=True)


def log_to_stderr(level: str = "info") -> None:
    """Send every log of this process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel("WARNING")
