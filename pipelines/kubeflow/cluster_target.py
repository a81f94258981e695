"""The cluster a plan is to run on: endpoint, namespaces, accounts."""

from __future__ import annotations

from dataclasses import dataclass

from sevenfold.plan import Plan

__all__ = ["ClusterTarget"]


@dataclass(frozen=True, kw_only=True)
class ClusterTarget:
    """Where a plan is to run: the endpoint of Kubeflow Pipelines, the namespaces, the accounts of its pods."""

    endpoint: str = ""
    namespace: str = ""  # of the pods; "" on a Kubeflow for one user
    context: str = ""
    account: str = ""
    tester: str = ""  # account of a first run, that tests; `account` is then that of a second one, that deploys

    @property
    def runner(self) -> str:
        """Account of the pods: Kubeflow's own, where none is named."""
        return self.account or ("default-editor" if self.namespace else "pipeline-runner")

    @property
    def pods(self) -> str:
        """Namespace of the pods."""
        return self.namespace or "kubeflow"

    def serving(self, plan: Plan | None) -> str:
        """Namespace of the InferenceService: the plan's, else that of the pods; without a plan that of the overlay."""
        if plan is None:
            return self.namespace or "sevenfold"
        return plan.deployment.namespace or self.pods
