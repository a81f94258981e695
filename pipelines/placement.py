"""Where a task runs: image, CPU, memory, GPU and nodes, as the plan says."""

from typing import Any

from sevenfold.plan import Plan, StageName

__all__ = ["ROOMS", "place"]

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


def place(task: Any, name: str, plan: Plan) -> Any:
    """Give a kfp task its image, resources and nodes; `kfp.local` ignores all of them."""
    if name not in ROOMS:
        return task
    room = ROOMS[name]
    image = getattr(plan.images, TARGETS[room])
    if image:
        task.set_container_image(image)
    wanted = plan.resources.get(room)
    if wanted is None:
        return task
    task.set_cpu_request(wanted.cpu).set_cpu_limit(wanted.cpu)
    task.set_memory_request(wanted.memory).set_memory_limit(wanted.memory)
    if wanted.gpu:
        task.set_accelerator_type(wanted.gpu_type).set_accelerator_limit(wanted.gpu)
    if wanted.node_selector or wanted.tolerations:
        _choose_nodes(task, wanted.node_selector, wanted.tolerations)
    return task


def _choose_nodes(task: Any, selector: dict[str, str], tolerations: Any) -> None:
    # Only then: any kfp-kubernetes call adds a second YAML document that some engines cannot read.
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
