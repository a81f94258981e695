"""What local and KServe deployments share: the target, what may be deployed, and the folders that they write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from sevenfold.contracts.bundle import Bundle
from sevenfold.contracts.canonical import write_json
from sevenfold.contracts.dataset import Dataset
from sevenfold.contracts.errors import GateRefused, IntegrityError, PolicyError
from sevenfold.contracts.evaluation import Evaluation
from sevenfold.contracts.manifest import seal
from sevenfold.contracts.registry import Record
from sevenfold.contracts.service import SERVICE_FILE, Service, write_service
from sevenfold.plan.deployment import Approval, DeploymentSection, Runtime, Target
from sevenfold.serving.compare import Comparison
from sevenfold.serving.judge import Verdict
from sevenfold.serving.smoke import SmokeCheck

__all__ = ["STAGE", "Checks", "Deployed", "candidate_record", "deployment_target", "require_tested", "save_verdict"]

STAGE: Final = "serving"
CHECKS_FILE: Final = "checks.json"
VERDICT_FILE: Final = "verdict.json"


class Checks(BaseModel):
    """What was checked before anybody used the service, and what a promotion will record (`checks.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoke: tuple[SmokeCheck, ...]
    comparison: Comparison
    bundle: str  # folder of the bundle
    candidate: Record
    waits: bool = False  # for a person, whatever the plan says of approval: its test was undecided

    def approved_by(self, section: DeploymentSection) -> DeploymentSection:
        """Return the section by which this candidate is judged: one that waits is released by a person alone."""
        return section.model_copy(update={"approval": Approval.MANUAL}) if self.waits else section

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read `checks.json` of a verified service folder."""
        return cls.model_validate_json((folder / CHECKS_FILE).read_bytes())


@dataclass(frozen=True)
class Deployed:
    """A service that runs and was checked."""

    service: Service
    checks: Checks

    def save(self, folder: Path) -> None:
        """Write and seal the service folder: `service.json` and `checks.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        write_service(self.service, folder)
        write_json(folder / CHECKS_FILE, self.checks.model_dump(mode="json"))
        seal(folder, expected=(SERVICE_FILE, CHECKS_FILE))


def save_verdict(verdict: Verdict, folder: Path) -> None:
    """Write and seal the verdict folder: `verdict.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / VERDICT_FILE, verdict.model_dump(mode="json"))
    seal(folder, expected=(VERDICT_FILE,))


def deployment_target(section: DeploymentSection, *, in_cluster: bool) -> Target:
    """Return the target that the plan asks for: local or kserve.

    Raises:
        PolicyError: ``kserve_alone`` if TensorFlow Serving is wanted on this machine.
    """
    kserve = section.target is Target.KSERVE or (in_cluster and section.target is Target.AUTO)
    if section.runtime is Runtime.TENSORFLOW_SERVING and not kserve:
        raise PolicyError(
            "kserve_alone",
            f"TensorFlow Serving runs on KServe alone, but deployment.target is {section.target.value!r} here.",
            remedy="Set deployment.target: kserve, or deployment.runtime: sevenfold.",
        )
    return Target.KSERVE if kserve else Target.LOCAL


def require_tested(tested: Evaluation, bundle: Bundle, dataset: Dataset) -> None:
    """Raise unless testing let this very bundle pass, on this very dataset, or holds it for a person.

    Raises:
        GateRefused: ``refused``.
        IntegrityError: ``digest_mismatch``.
    """
    if tested.decision == "undecided" and not tested.waits:
        raise GateRefused(
            "refused",
            "Only a bundle that passed its gates is deployed, but testing left this one undecided, and the plan keeps "
            "the serving model then.",
            remedy="Test it on more rows, or write testing.undecided: hold to have a person decide.",
        )
    if tested.decision == "refuse":
        raise GateRefused("refused", "Only a bundle that passed its gates is deployed, but testing refused this one.")
    for kind, digest in (("bundle", bundle.digest), ("dataset", dataset.digest)):
        if tested.digests.get(kind) != digest:
            raise IntegrityError(
                "digest_mismatch",
                f"The evaluation must be of {kind} {digest}, but is of {tested.digests.get(kind, 'none')}.",
                remedy="Test this very bundle first.",
            )


def candidate_record(tested: Evaluation, bundle: Bundle, name: str) -> Record:
    """Return what a promotion of this bundle will record."""
    return Record(
        name=name,
        bundle=bundle.digest,
        digests={**bundle.info.digests, "dataset": tested.digests["dataset"]},
        metric=tested.metric,
        scores=tested.scores,
        who="automatic",
    )
