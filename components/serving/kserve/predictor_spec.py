"""KServe's predictor spec for a bundle: our own runtime, or TensorFlow Serving as KServe ships it.

TensorFlow Serving reads no digest, so an annotation carries it, into the pod too; what KServe fetches is not verified
again there. It always refuses unknown fields, and has no limit on the rows of a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sevenfold.cluster.records import labels_of
from sevenfold.contracts.bundle import SAVED_MODEL
from sevenfold.contracts.errors import MissingExtraError, PolicyError
from sevenfold.plan.deployment import DeploymentSection, Runtime
from sevenfold.runtime.environment import FEEDBACK_CREDENTIAL
from sevenfold.serving.kserve.inference_service import BUNDLE, DIGEST, HIDDEN, revision_name

if TYPE_CHECKING:
    from kserve import V1beta1ModelSpec

__all__ = ["FEEDBACK_PORT", "RUNTIME", "TENSORFLOW_RUNTIME", "TENSORFLOW_RUNTIME_LABEL", "fetchable", "predictor_of"]

RUNTIME: Final = "sevenfold"  # name of the ServingRuntime, and of the model format it takes
TENSORFLOW_RUNTIME: Final = "kserve-tensorflow-serving"  # name of KServe's own ClusterServingRuntime
TENSORFLOW_RUNTIME_LABEL: Final = {"app.kubernetes.io/name": "tensorflow-serving"}
FEEDBACK_PORT: Final = 8091  # the network policy of predictors names it too
DRAIN_SECONDS: Final = 20  # it ends at once on SIGTERM, while routes still point at it
# Our runtime sets both itself: the network policy and the disruption budget select by them.
LABELS: Final = {"app.kubernetes.io/part-of": "sevenfold", "app.kubernetes.io/component": "predictor"}


def predictor_of(name: str, location: str, digest: str, image: str, section: DeploymentSection) -> dict[str, Any]:
    """Return KServe's predictor spec for a bundle, checked against KServe's own types.

    Args:
        name: the plan's.
        location: address of the bundle's folder in the store.
        digest: the bundle's; our predictor refuses to load any other.
        image: of the predictor; named here, so that a newer runtime changes nothing that serves already. "" takes the
            runtime's.
        section: runtime, replicas and limits.

    Raises:
        MissingExtraError: if kserve is not installed.
        PolicyError: ``bad_location`` if KServe's storage initializer cannot fetch from there.
    """
    try:
        from kserve import V1beta1PredictorSpec
        from kubernetes import client
    except ImportError as error:
        raise MissingExtraError("kserve", "deploy") from error
    spread = client.V1TopologySpreadConstraint(
        max_skew=1,
        topology_key="kubernetes.io/hostname",
        when_unsatisfiable="ScheduleAnyway",
        label_selector=client.V1LabelSelector(match_labels=labels_of(name)),
    )
    spec = V1beta1PredictorSpec(
        name=revision_name(digest),
        service_account_name="predictor",
        automount_service_account_token=False,
        min_replicas=section.replicas,
        termination_grace_period_seconds=60,
        topology_spread_constraints=[spread],
        # KServe hands an InferenceService's labels on to its pods, and would replace them when it becomes visible
        labels=dict(HIDDEN),
    )
    if section.runtime is Runtime.TENSORFLOW_SERVING:
        spec.model = _saved_model(name, fetchable(location), image)
        spec.annotations, spec.labels = {BUNDLE: digest}, HIDDEN | LABELS | TENSORFLOW_RUNTIME_LABEL
        spec.security_context = client.V1PodSecurityContext(
            run_as_non_root=True, seccomp_profile=client.V1SeccompProfile(type="RuntimeDefault")
        )
    else:
        spec.model = _bundle(name, fetchable(location), digest, image, section)
    built: dict[str, Any] = client.ApiClient(client.Configuration()).sanitize_for_serialization(spec)
    return built


def _bundle(name: str, location: str, digest: str, image: str, section: DeploymentSection) -> V1beta1ModelSpec:
    from kserve import V1beta1ModelFormat, V1beta1ModelSpec

    # The runtime names what is served after the InferenceService, which is another one while it is being replaced.
    arguments = [DIGEST + digest, f"--name={name}", f"--max-batch={section.max_batch}"]
    if section.strict_fields:
        arguments.append("--strict-fields")
    spec = V1beta1ModelSpec(
        model_format=V1beta1ModelFormat(name=RUNTIME, version="1"),
        runtime=RUNTIME,
        storage_uri=location,
        image=image or None,
        args=arguments,
    )
    if section.feedback_secret:
        _open_feedback(spec, section.feedback_secret)
    return spec


def _open_feedback(spec: V1beta1ModelSpec, secret: str) -> None:
    """Let the predictor take labels on a port that no route leads to; without the Secret it does not start."""
    from kubernetes import client

    key = client.V1SecretKeySelector(name=secret, key="credential")
    source = client.V1EnvVarSource(secret_key_ref=key)
    spec.args = [*spec.args, f"--feedback-port={FEEDBACK_PORT}"]
    spec.env = [client.V1EnvVar(name=FEEDBACK_CREDENTIAL, value_from=source)]


def _saved_model(name: str, location: str, image: str) -> V1beta1ModelSpec:
    from kserve import V1beta1ModelFormat, V1beta1ModelSpec
    from kubernetes import client

    wait = client.V1LifecycleHandler(sleep=client.V1SleepAction(seconds=DRAIN_SECONDS))
    return V1beta1ModelSpec(
        model_format=V1beta1ModelFormat(name="tensorflow", version="2"),
        runtime=TENSORFLOW_RUNTIME,
        protocol_version="v1",
        storage_uri=f"{location.rstrip('/')}/{SAVED_MODEL}",
        image=image or None,
        # The runtime's own comes first, and is the InferenceService's name: of a flag given twice the last one counts.
        args=[f"--model_name={name}"],
        lifecycle=client.V1Lifecycle(pre_stop=wait),
        security_context=client.V1SecurityContext(
            allow_privilege_escalation=False,
            privileged=False,
            run_as_non_root=True,
            capabilities=client.V1Capabilities(drop=["ALL"]),
        ),
    )


def fetchable(location: str) -> str:
    """Return a bundle's address as KServe and Arrow know it: Kubeflow's minio:// is their s3://.

    Raises:
        PolicyError: ``bad_location`` for an address that KServe cannot fetch from.
    """
    scheme, separator, rest = location.partition("://")
    if not separator or scheme not in ("minio", "s3", "gs", "https", "pvc"):
        raise PolicyError(
            "bad_location",
            f"A bundle must lie where KServe can fetch it (s3, minio, gs, https, pvc), but lies at {location[:200]!r}.",
            remedy="Set the pipeline root to such a store.",
        )
    return f"s3://{rest}" if scheme == "minio" else location
