"""Where a task runs: image, CPU, memory, GPU, nodes and the names of Secrets, as the plan says."""

from typing import Any

from sevenfold.images import image
from sevenfold.plan import Plan, StageName
from sevenfold.plan.preparation import PreparationEngine
from sevenfold.plan.training import Framework
from sevenfold.plan.tuning import TuningEngine
from sevenfold.runtime.prometheus import PROMETHEUS_KEYS

__all__ = ["ROOMS", "STORAGE_KEYS", "VOLUME_PATH", "place_task", "stage_image"]

ROOMS: dict[str, StageName] = {
    "explore_data": "design",
    "prepare_data": "preparation",
    "tune_model": "tuning",
    "train_model": "training",
    "test_model": "testing",
    "deploy_model": "deployment",
    "judge_canary": "deployment",
    "monitor_model": "monitoring",
}
TARGETS: dict[StageName, str] = {
    "design": "prepare",
    "preparation": "prepare",
    "tuning": "train",
    "training": "train",
    "testing": "train",
    "deployment": "control",
    "monitoring": "control",
}
# What the Secret of `secrets.storage` may hold, each key the name of the variable it becomes.
STORAGE_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
)
READS_TABLE = ("explore_data", "prepare_data")  # every other task gets artifacts, which Kubeflow brings
READS_STORE = ("tune_model", "train_model", "test_model")  # code and checkpoints; bundles that were promoted
ASKS_PROMETHEUS = ("judge_canary", "monitor_model")
VOLUME_PATH = "/mnt/data"


def place_task(task: Any, name: str, plan: Plan, *, plain: bool = False) -> Any:
    """Give a kfp task its image, resources, nodes, volume and Secrets; `kfp.local` ignores all of them.

    A component that is not our own, swapped in by a team, keeps its image unless the plan names one for its stage.

    Args:
        task: the kfp task.
        name: the component's name.
        plan: the plan that says so.
        plain: leave out what only Kubernetes knows, for engines that read one YAML document: nodes, Secrets, volume.
    """
    room = ROOMS.get(name)
    _choose_image(task, room, plan)
    if not plain:
        from kfp import kubernetes

        # Kubeflow sets the rest of what the restricted pod security standard demands, but not this.
        kubernetes.set_security_context(task, run_as_non_root=True)
        _name_secrets(task, name, plan)
        if plan.data.volume and name in READS_TABLE:
            kubernetes.mount_pvc(task, pvc_name=plan.data.volume, mount_path=VOLUME_PATH)
    wanted = plan.resources.get(room) if room else None
    if wanted is None:
        return task
    task.set_cpu_request(wanted.cpu).set_cpu_limit(wanted.cpu)
    task.set_memory_request(wanted.memory).set_memory_limit(wanted.memory)
    if wanted.gpu:
        task.set_accelerator_type(wanted.gpu_type).set_accelerator_limit(wanted.gpu)
    if not plain:
        _choose_nodes(task, wanted.node_selector, wanted.tolerations)
    return task


def stage_image(room: StageName | None, plan: Plan) -> str:
    """Return the image that a stage runs in where it is our own: the plan's, or that of its registry."""
    target = _image_target(room, plan)
    return getattr(plan.images, target) or image(target, plan.images.registry)


def _image_target(room: StageName | None, plan: Plan) -> str:
    target = TARGETS[room] if room else "control"
    if target == "train" and plan.training.framework is Framework.TENSORFLOW:
        return "tensorflow"
    on_ray = {
        "preparation": plan.preparation.engine is PreparationEngine.RAY,
        "tuning": plan.tuning.engine is TuningEngine.RAY,
    }
    return "ray" if room and on_ray.get(room) else target


def _choose_image(task: Any, room: StageName | None, plan: Plan) -> None:
    ours = task.container_spec and task.container_spec.image == image(TARGETS[room] if room else "control")
    named = getattr(plan.images, _image_target(room, plan)) or (stage_image(room, plan) if ours else "")
    if named:
        task.set_container_image(named)


def _name_secrets(task: Any, name: str, plan: Plan) -> None:
    from kfp import kubernetes

    # tuning and training read a model's source there, and keep their checkpoints
    if plan.secrets.storage and name in (*READS_TABLE, *READS_STORE):
        _give_keys(task, plan.secrets.storage, STORAGE_KEYS)
    if plan.secrets.prometheus and name in ASKS_PROMETHEUS:
        _give_keys(task, plan.secrets.prometheus, PROMETHEUS_KEYS)
    if plan.secrets.pull:
        kubernetes.set_image_pull_secrets(task, [plan.secrets.pull])


def _give_keys(task: Any, secret: str, keys: tuple[str, ...]) -> None:
    """Give a task the values of a Secret; it may lack some of the keys."""
    from kfp import kubernetes

    names = {key: key for key in keys}
    kubernetes.use_secret_as_env(task, secret_name=secret, secret_key_to_env=names, optional=True)


def _choose_nodes(task: Any, selector: dict[str, str], tolerations: Any) -> None:
    from kfp import kubernetes

    for key, value in selector.items():
        kubernetes.add_node_selector(task, label_key=key, label_value=value)
    for toleration in tolerations:
        kubernetes.add_toleration(
            task,
            key=toleration.key,
            operator=toleration.operator,
            value=toleration.value or None,
            effect=toleration.effect or None,
        )
