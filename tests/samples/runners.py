"""What stands in for Kubeflow, or for runs of this machine, where a test asks no more of it."""

from __future__ import annotations

from sevenfold.monitoring.retrain.journal import RunEntry


class Unhindered:
    """Nothing else releases a model, and nothing was promoted meanwhile; what is terminated goes on."""

    def busy(self, decided: RunEntry) -> str:
        return ""

    def overtaken(self, decided: RunEntry) -> str:
        return ""

    def terminate(self, run: str) -> None:
        pass
