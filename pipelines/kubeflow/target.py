"""Kubeflow Pipelines as a target: what `sevenfold compile`, `submit`, `follow` and `doctor` do there."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.contracts.errors import PolicyError
from sevenfold.pipelines.kubeflow.cluster_target import ClusterTarget
from sevenfold.pipelines.kubeflow.login import Login

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.pipelines.check import Check
    from sevenfold.pipelines.kubeflow.engine import Engine
    from sevenfold.pipelines.kubeflow.schedules import Schedule
    from sevenfold.pipelines.kubeflow.submit import Submission, Submitted
    from sevenfold.pipelines.result import Result
    from sevenfold.pipelines.stages import Part
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.targets import RunRequest
    from sevenfold.plan import Plan

__all__ = ["KubeflowTarget", "make_target"]


@dataclass(frozen=True, kw_only=True)
class KubeflowTarget:
    """Kubeflow Pipelines; the fields are the options of the command line, "" takes what Kubeflow says itself."""

    endpoint: str = ""
    namespace: str = ""
    context: str = ""
    service_account: str = ""
    experiment: str = ""
    cron: str = ""
    every: int = 0
    split_release: bool = False
    release_account: str = ""
    kubernetes: bool = False
    plain: bool = False
    login: Login = field(default_factory=Login)

    def compile(self, plan: Plan, plan_path: Path, out: Path | None) -> tuple[str, ...]:
        """Write the IR, or the objects that register it; with `split_release` a second file deploys.

        Raises:
            PolicyError: ``plain_objects``.
        """
        from sevenfold.pipelines.compile import compile_objects, compile_plan, local_files

        if self.kubernetes and self.plain:
            raise PolicyError("plain_objects", "--plain and --kubernetes exclude each other, but both were given.")
        kind = "kubernetes" if self.kubernetes else "pipeline"
        files: dict[Part, Path] = {"whole": out or plan_path.with_suffix(f".{kind}.yaml")}
        if self.split_release:
            second = out.with_name(f"{out.stem}.release{out.suffix}") if out else None
            second = second or plan_path.with_suffix(f".release.{kind}.yaml")
            files = {"build": files["whole"], "release": second}
        sentences = []
        for part, file in files.items():
            if self.kubernetes:
                compile_objects(plan, file, part=part, namespace=self.namespace)
                sentences.append(f"Wrote {file}: register it with kubectl apply -f {shlex.quote(str(file))}")
            else:
                compile_plan(plan, file, part=part, plain=self.plain)
                sentences.append(f"Wrote {file}: upload it in the Kubeflow UI, or with kfp.Client().upload_pipeline.")
        return (*sentences, *local_files(plan))

    def submit(self, plan: Plan, asked: RunRequest, console: Console) -> Result | None:
        """Run a plan, or with `cron` or `every` put it on a schedule.

        Raises:
            PolicyError: ``release_account``, ``cluster``, and what endpoint and schedule refuse.
            DataError, TrainingError, TemporaryError: as `kubeflow.submit`.
        """
        from sevenfold.pipelines.doctor import show_check
        from sevenfold.pipelines.kubeflow.cluster_checks import require_cluster
        from sevenfold.pipelines.kubeflow.schedules import Schedule
        from sevenfold.pipelines.kubeflow.submit import submit
        from sevenfold.pipelines.kubeflow.watch import watch

        target, given = self._cluster(wait=asked.wait), self._submission(asked)
        when = Schedule(plan.name, self.cron, self.every) if self.cron or self.every else None
        store, engine = _store(given.root), self._engine()
        on_message = _printer(console)
        if when is not None:
            _put_on_schedule(when, plan, given, engine, store, console)
            return None
        checked = replace(target, endpoint=engine.endpoint, namespace=engine.namespace)
        require_cluster(plan, checked, engine, lambda check: show_check(console, check))

        def start() -> Submitted:
            sent = submit(given, plan, engine, store, on_message)
            console.print(f"  run      {engine.link(sent.run)}", highlight=False, soft_wrap=True)
            return sent

        sent = start()
        if asked.wait:
            return watch(sent, engine, store, console, again=start)
        console.print(f"  follow   sevenfold follow {sent.run[:8]}", highlight=False, soft_wrap=True)
        return None

    def follow(self, run: str, *, runs: Path, root: str, console: Console) -> Result:
        """Follow a run that was submitted from here, or, by its whole id, from another machine.

        Raises:
            PolicyError: ``run_ambiguous``, ``release_run``, and what the endpoint refuses.
        """
        from sevenfold.pipelines.kubeflow.split import refuse_release
        from sevenfold.pipelines.kubeflow.submit import Submitted, find_run, run_folder
        from sevenfold.pipelines.kubeflow.watch import watch

        known = find_run(run, runs)
        engine = self._engine(known[1] if known else "")
        store = _store(root or (known[2] if known else ""))
        if known:
            sent = known[0]
        else:
            begun = engine.run(run)
            refuse_release(begun)
            name = str(engine.pipeline(begun).display_name)
            sent = Submitted(run, name, run_folder(runs / name, run))
            sent.folder.record(run=run, endpoint=engine.endpoint, root=store.root, link=engine.link(run))
        return watch(sent, engine, store, console)

    def checks(self, plan: Plan | None) -> Iterable[Check]:
        """Yield what the kubeconfig's cluster lacks; see `cluster_checks`."""
        from sevenfold.pipelines.kubeflow.cluster_checks import cluster_checks

        target = ClusterTarget(
            endpoint=self.endpoint, namespace=self.namespace, context=self.context, account=self.service_account
        )
        return cluster_checks(plan, target)

    def _cluster(self, *, wait: bool) -> ClusterTarget:
        from sevenfold.pipelines.kubeflow.split import split_target

        target = ClusterTarget(endpoint=self.endpoint, namespace=self.namespace, account=self.service_account)
        if self.split_release:
            return split_target(target, self.release_account, wait=wait, scheduled=bool(self.cron or self.every))
        if self.release_account:
            raise PolicyError(
                "release_account",
                f"--release-account belongs to --split-release, but was given without it: {self.release_account!r}.",
                remedy="Add --split-release, or name the one run's account with --service-account.",
            )
        return target

    def _submission(self, asked: RunRequest) -> Submission:
        from sevenfold.pipelines.kubeflow.submit import Submission
        from sevenfold.pipelines.store import DEFAULT_ROOT

        return Submission(
            plan_path=asked.plan_path,
            runs=asked.runs,
            root=asked.root or DEFAULT_ROOT,
            experiment=self.experiment,
            account=self.service_account,
            split=self.split_release,
            release_account=self.release_account,
            data=asked.data,
            trials=asked.trials,
            max_epochs=asked.max_epochs,
            seed=asked.seed,
        )

    def _engine(self, known: str = "") -> Engine:
        from sevenfold.pipelines.kubeflow.engine import Engine

        return Engine(self.endpoint or known, self.namespace, self.login)


make_target = KubeflowTarget


def _store(root: str) -> Store:
    from sevenfold.pipelines.store import DEFAULT_ROOT, Store

    return Store(root or DEFAULT_ROOT)


def _put_on_schedule(
    when: Schedule, plan: Plan, given: Submission, engine: Engine, store: Store, console: Console
) -> None:
    from sevenfold.pipelines.kubeflow.submit import schedule

    number, replaced = schedule(given, plan, when, engine, store, _printer(console))
    moments = f"cron {when.cron}" if when.cron else f"every {when.every} s"
    again = f"; {replaced} earlier removed" if replaced else ""
    console.print(f"schedule {number}: {moments}{again}", highlight=False, soft_wrap=True)


def _printer(console: Console) -> Callable[[str], None]:
    return lambda text: console.print(f"  {text}", style="dim", highlight=False, markup=False)
