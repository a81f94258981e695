"""The option --target, and how a command gets the target with the options that are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from sevenfold.pipelines.targets import PipelineTarget

__all__ = ["KUBEFLOW", "TargetName", "chosen_target"]

KUBEFLOW: Final = "kubeflow"

TargetName = Annotated[
    str,
    typer.Option(
        "--target",
        help="System that runs the plan: kubeflow, or a cloud, which takes its settings from the plan's section of "
        "the same name.",
    ),
]


def chosen_target(command: typer.Context, name: str, /, **kubeflow: Any) -> PipelineTarget:
    """Return the target that was asked for; `kubeflow` are the values of the command's options for Kubeflow alone.

    Raises:
        PolicyError: ``target_unknown``; ``target_option`` where an option of Kubeflow was typed for another target.
    """
    from sevenfold.contracts.errors import PolicyError
    from sevenfold.pipelines.targets import find_target

    if name == KUBEFLOW:
        return find_target(name, **kubeflow)
    target = find_target(name)
    typed = {
        str(parameter.name): parameter.opts[0] for parameter in command.command.params if _typed(command, parameter)
    }
    foreign = [option for key, option in typed.items() if key in kubeflow]
    if foreign:
        raise PolicyError(
            "target_option",
            f"{foreign[0]} is an option of --target {KUBEFLOW}, but was given with --target {name}.",
            remedy=f"Leave it out; the plan's section {name} holds the settings of this target.",
        )
    return target


def _typed(context: typer.Context, parameter: Any) -> bool:
    # a variable such as KF_PIPELINES_ENDPOINT is set for other commands too
    source = context.get_parameter_source(parameter.name)
    return source is not None and source.name == "COMMANDLINE"
