"""Pages of metrics told as a past: what a page counts now, as Prometheus would have scraped it in hours before."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

STEP_SECONDS = 60


@dataclass(frozen=True)
class Past:
    """A page as it is now, the labels that Prometheus adds, and for how many minutes it has been scraped."""

    page: str
    labels: Mapping[str, str]
    minutes: int

    def lines(self, now: float) -> Iterator[str]:
        """The samples in the OpenMetrics format, each series by itself: counters rise evenly, gauges stay."""
        for family in text_string_to_metric_families(self.page):
            rises = family.type in ("counter", "histogram")
            for sample in family.samples:
                if sample.name.endswith("_created"):
                    continue
                pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in (sample.labels | self.labels).items())
                for minute in range(self.minutes + 1):
                    value = sample.value * (minute / self.minutes if rises else 1)
                    moment = now - (self.minutes - minute) * STEP_SECONDS
                    yield f"{sample.name}{{{pairs}}} {value!r} {moment:.3f}"


def write_blocks(pasts: list[Past], folder: Path, now: float) -> None:
    """Write the past as blocks of Prometheus's storage into `folder`."""
    text = folder.with_suffix(".txt")
    text.write_text("\n".join([*(line for past in pasts for line in past.lines(now)), "# EOF", ""]))
    command = [promtool(), "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def promtool() -> str:
    """The promtool that is beside the chosen Prometheus, or that is installed."""
    beside = Path(os.environ.get("PROMETHEUS", "")).with_name("promtool") if os.environ.get("PROMETHEUS") else None
    found = str(beside) if beside and beside.is_file() else os.environ.get("PROMTOOL") or shutil.which("promtool")
    assert found, "promtool is not installed (apt-get install prometheus)"
    return found


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
