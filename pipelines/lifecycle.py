"""The lifecycle: seven stages, one pipeline, the same on a laptop and on Kubeflow."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
import math
from collections.abc import Callable
from typing import Any

from kfp import dsl

from sevenfold.contracts.earlier import Earlier
from sevenfold.pipelines.placement import place_task
from sevenfold.pipelines.settings import stage_settings
from sevenfold.pipelines.stages import Part, Stages, pipeline_name
from sevenfold.plan import Plan

__all__ = ["DISPLAY_NAMES", "build_lifecycle"]

Task = Callable[..., Any]

DISPLAY_NAMES = {
    "explore_data": "1 Design: explore the data",
    "prepare_data": "2 Preparation: split and transform",
    "tune_model": "3 Tuning: search settings",
    "train_model": "4 Training: fit the model",
    "test_model": "5 Testing: score and gate",
    "hand_over": "Hand over to the release",
    "deploy_model": "6 Inference: deploy",
    "judge_canary": "6 Inference: judge the canary",
    "monitor_model": "7 Monitoring: watch for drift",
}
UNCACHED = ("test_model", "hand_over", "deploy_model", "judge_canary", "monitor_model")


def build_lifecycle(
    plan: Plan,
    stages: Stages | None = None,
    *,
    part: Part = "whole",
    explore_first: bool = False,
    plain: bool = False,
    cached: bool = True,
    earlier: Earlier | None = None,
    max_forgetting: float | None = None,
) -> Any:
    """Return the pipeline of a plan, ready to be compiled, submitted or called under `kfp.local`.

    Args:
        plan: the validated plan; every task gets its own section of it.
        stages: the components to use; each one left out is the room's own.
        part: all stages in one pipeline; or two pipelines, for two accounts: ``build`` ends with the test and hands a
            promoted bundle over, ``release`` deploys what was handed over.
        explore_first: let preparation wait for exploration. On a cluster both run at the same time; on one machine
            they cannot, and a broken notebook is better known in the first minute.
        plain: leave out what only Kubernetes knows, so that the pipeline is one YAML document.
        cached: let Kubeflow take design, preparation, tuning and training from an earlier run of the same inputs. Wrong
            where the table may change and its digest is not known.
        earlier: the serving model's dataset, for a retraining; None for a first model, or one that a person asked for.
        max_forgetting: of a retraining on a cluster, where testing itself asks which model serves by then.
    """
    chosen = stages or Stages()
    settings = stage_settings(plan, earlier, max_forgetting)

    def task(name: str, **arguments: Any) -> Any:
        if name in settings:
            arguments["settings"] = settings[name]
        made = chosen.component(name)(**arguments)
        made.set_display_name(DISPLAY_NAMES[name])
        made.set_caching_options(enable_caching=cached and name not in UNCACHED)
        return place_task(made, name, plan, plain=plain)

    limits = None if plain else dsl.PipelineConfig(active_deadline_seconds=math.ceil(plan.budget.hours * 3600))
    if part == "release":
        return _release(plan, task, limits)

    @dsl.pipeline(
        name=pipeline_name(plan.name, part),
        description=plan.goal or f"Predict {plan.data.target}, from raw rows to monitoring.",
        pipeline_config=limits,
    )
    def lifecycle(
        data: str = "", data_digest: str = plan.data.digest, trials: int = -1, max_epochs: int = 0, seed: int = -1
    ) -> None:
        """Carry a model through the seven stages.

        Args:
            data: Address of the table, s3://, gs:// or https://; empty takes the plan's.
            data_digest: sha256:… that the table must have. It keeps changed data from being taken from the cache, so
                another table comes with its own; empty accepts any table.
            trials: Number of tuning trials; -1 takes the plan's.
            max_epochs: Most epochs of the final training; 0 takes the plan's.
            seed: Seed of tuning and training; -1 takes the plan's.
        """
        table = {"data": data, "data_digest": data_digest}
        explored, prepared = task("explore_data", **table), task("prepare_data", **table)
        if explore_first:
            prepared.after(explored)
        dataset = prepared.outputs["dataset"]
        tuned = task("tune_model", dataset=dataset, data_digest=data_digest, trials=trials, seed=seed)
        trained = task(
            "train_model",
            dataset=dataset,
            study=tuned.outputs["study"],
            data_digest=data_digest,
            max_epochs=max_epochs,
            seed=seed,
        )
        bundle = trained.outputs["bundle"]
        tested = task("test_model", dataset=dataset, bundle=bundle)
        # A condition on a named output is silently false under kfp.local; a single unnamed return works.
        with dsl.If(tested.outputs["Output"] == "promote", name="hand over" if part == "build" else "6, 7 if promoted"):
            evaluation = tested.outputs["evaluation"]
            if part == "build":
                task("hand_over", dataset=dataset, bundle=bundle, evaluation=evaluation)
            else:
                _deploy(task, dataset=dataset, bundle=bundle, evaluation=evaluation)

    return lifecycle


def _release(plan: Plan, task: Task, limits: dsl.PipelineConfig | None) -> Any:
    @dsl.pipeline(
        name=pipeline_name(plan.name, "release"),
        description=f"Deploy, judge and watch a tested bundle of {plan.name}.",
        pipeline_config=limits,
    )
    def release(dataset: str, bundle: str, evaluation: str, bundle_digest: str, evaluation_digest: str) -> None:
        """Deploy what another run built, tested and handed over.

        Args:
            dataset: Address of the dataset's folder, as that run's task hand-over prints it.
            bundle: Address of the bundle's folder.
            evaluation: Address of the evaluation's folder; it must be of this bundle and this dataset.
            bundle_digest: sha256:… that the bundle must have; anything else was put there after the test.
            evaluation_digest: sha256:… that the evaluation must have.
        """
        rows = _imported(dataset, dsl.Dataset)
        model = _imported(bundle, dsl.Model)
        tested = _imported(evaluation, dsl.Artifact)
        digests = {"bundle_digest": bundle_digest, "evaluation_digest": evaluation_digest}
        _deploy(task, dataset=rows, bundle=model, evaluation=tested, **digests)

    return release


def _imported(address: str, kind: type[dsl.Artifact]) -> Any:
    made = dsl.importer(artifact_uri=address, artifact_class=kind, reimport=False)
    # No display name: Kubeflow takes it for the task's own name, and then does not find the task (its issue 11173).
    made.set_caching_options(enable_caching=False)
    return made.output


def _deploy(task: Task, *, dataset: Any, bundle: Any, evaluation: Any, **digests: str) -> None:
    deployed = task("deploy_model", dataset=dataset, bundle=bundle, evaluation=evaluation, **digests)
    service = deployed.outputs["service"]
    judged = task("judge_canary", service=service)
    watched = task("monitor_model", dataset=dataset, bundle=bundle, service=service)
    watched.after(judged)
