"""The loop on one machine: look at new rows and labels, decide, retrain, and keep the history on a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sevenfold.contracts.errors import PolicyError
from sevenfold.contracts.registry import LocalRegistry, Record
from sevenfold.drift.concept import Labelled
from sevenfold.drift.telemetry import bundle_label
from sevenfold.monitoring.live_labels import LiveLabels, label_fact
from sevenfold.monitoring.retrain.cause import Cause, cause_key
from sevenfold.monitoring.retrain.clock import Clock
from sevenfold.monitoring.retrain.decide import FAILED, Action, Decision, Reason, Rules
from sevenfold.monitoring.retrain.episodes import drifting_since
from sevenfold.monitoring.retrain.history_report import history_report
from sevenfold.monitoring.retrain.journal import Entry, Journal
from sevenfold.monitoring.retrain.label_evidence import drift_key, labels_noted, labels_sentence, with_labels
from sevenfold.monitoring.retrain.label_window import LabelWindow
from sevenfold.monitoring.retrain.retrainer import Retrainer
from sevenfold.pipelines.local.compared_rows import ComparedRows
from sevenfold.pipelines.local.loop_page import candidates_of, fleet_of, scores_on_page, serving_facts, traffic_of
from sevenfold.pipelines.local.new_rows import NewRows, judge_file, once_each, own_sources, window_files, window_name
from sevenfold.pipelines.local.runner import LocalRunner
from sevenfold.pipelines.local.trained_files import kept_name, trained_files
from sevenfold.pipelines.releases import JOURNAL
from sevenfold.pipelines.retrain import require_promoted, require_watchable
from sevenfold.plan.monitoring import Trigger
from sevenfold.report.page import write_report

if TYPE_CHECKING:
    from rich.console import Console

    from sevenfold.plan import Plan

__all__ = ["PAGE", "LocalLoop"]

PAGE: Final = "watch.html"
LABELS: Final = "labels.json"
_SETTLED: Final = frozenset({Reason.CAUSE, Reason.DUPLICATE, Reason.UNKNOWN, Reason.SUPERSEDED})  # time changes nothing


class LocalLoop:
    """One plan's loop; `look` is one turn of it, and may be called by one process at a time.

    Args:
        plan_path: the plan's file.
        plan: the same, read, with a trigger and `retrain.data`.
        runs: folder of the runs; the journal and the page lie beside those of the plan.
        console: where retrainings show their progress.
        clock: time; None continues from the journal.

    Raises:
        PolicyError: ``nothing_to_watch``, ``nothing_promoted``.
    """

    def __init__(
        self, plan_path: Path, plan: Plan, runs: Path, console: Console, *, clock: Clock | None = None
    ) -> None:
        self.plan_path, self.runs, self.base, self._console = plan_path, runs, plan_path.resolve().parent, console
        self.home = runs / plan.name
        self.registry = LocalRegistry(self.home / "registry")
        require_promoted(plan, runs)
        self.journal = Journal(self.home / JOURNAL)
        self._follow(plan, clock)
        self._known = {entry.cause for entry in self.journal.entries(plan.name)}
        self._seen, self._active = 0, dict[str, Cause]()
        self.url = ""  # of the predictor whose traffic the page shows; set by whoever starts one

    def replan(self, plan: Plan) -> None:
        """Go on by a plan that was edited between two turns: windows are judged anew, what was decided stays.

        Raises:
            PolicyError: ``nothing_to_watch``; ``renamed_plan`` where it has another name; the earlier plan stays.
        """
        if plan.name != self.plan.name:
            raise PolicyError(
                "renamed_plan",
                f"A plan that is watched must keep its name {self.plan.name!r}, but is called {plan.name!r} now.",
                remedy="Give it its name back, or end this watch and start one of the new name.",
            )
        self._follow(plan, self._retrainer.clock)

    def _follow(self, plan: Plan, clock: Clock | None) -> None:
        require_watchable(plan)
        self.plan = plan
        own, path = own_sources(plan, self.base), self.plan_path
        runner = LocalRunner(plan_path=path, plan=plan, runs=self.runs, console=self._console, sources=own)
        rules = {plan.name: Rules(name=plan.name, section=plan.retrain, hours=plan.budget.hours)}
        self._retrainer = Retrainer(self.journal, rules, runner, clock=clock, serving=lambda _: self.label)
        self._labels = LabelWindow(self.home / LABELS, plan.monitoring)
        self._compared = ComparedRows(plan, self.runs)
        self._judged: dict[tuple[str, Path, int, int], NewRows] = {}
        self._settled = set[str]()

    @property
    def serving(self) -> Record:
        """The record of the serving model; a registry that was removed meanwhile is refused by name."""
        return require_promoted(self.plan, self.runs)

    @property
    def label(self) -> str:
        """The label of the serving bundle."""
        return bundle_label(self.serving.bundle)

    def look(self, tell: Callable[[list[Entry]], None] = lambda decisions: None) -> list[Entry]:
        """Judge what is new, decide about it, and carry out what was decided; return the decisions, oldest first.

        A turn that is interrupted loses nothing: the next one, also of another process, goes on. `tell` gets the
        decisions before they are carried out, since a retraining may take hours.

        Raises:
            RunInterrupted: within a retraining, as `run_locally`.
            TemporaryError, OSError: what was decided cannot be kept now; nothing follows from it.
        """
        before = self._numbers()
        seen = sum(entry.reason is Reason.ACKNOWLEDGED for entry in self.journal.entries(self.plan.name))
        if seen != self._seen:  # what had its run may have another
            self._settled, self._seen = set(), seen
        self._retrainer.work()  # what an earlier process had decided
        rows = self._rows()
        self._take_all(rows)
        tell(self._since(before))
        self._retrainer.work()
        if any(run.state == FAILED for run in self.journal.runs(self.plan.name)[-1:]):
            self._settled.clear()  # it is tried again
        self._write_page(self._rows())  # a new model has other new rows
        return self._since(before)

    def take_labels(self, counted: Labelled, process: str) -> None:
        """Take what the serving model's predictor counted of labels since it started; `process` says which one it is.

        Raises:
            OSError: it cannot be kept now; the next time takes it again.
        """
        now = self._retrainer.clock.now()
        self._labels.take(counted, process=process, bundle=self.label, now=now)

    def _rows(self) -> list[NewRows]:
        record, made = self.serving, []
        bundle = self.registry.bundle(record.bundle)
        trained_on = trained_files(self.home, self.base)
        for path in window_files(self.plan, self.base):
            if path.resolve() in trained_on:
                continue
            with suppress(FileNotFoundError):  # it is gone again
                known = path.stat()
                key = (record.bundle, path, known.st_size, known.st_mtime_ns)
                if key not in self._judged:
                    name = window_name(path, self.plan, self.base)
                    self._judged[key] = judge_file(path, self.plan, bundle, name)
                made.append(self._judged[key])
        return once_each(made)

    def _take_all(self, rows: Sequence[NewRows]) -> None:
        for one in rows:
            self._note(one)
        self._note_compared(rows)
        live = self._live_labels()
        self._note_labels(live)
        if self.plan.retrain.trigger is Trigger.SCHEDULE:
            self._take_tick(rows)
            return
        since = drifting_since([one.window for one in rows], self.plan.monitoring)
        moments = {one.window.label: one.moment for one in rows}
        worse = live if live is not None and live.verdict.drifted else None
        cause = self._cause(since, moments, worse, rows) if since or worse else None
        for key, ended in list(self._active.items()):
            if cause is None or key != cause.key:
                self._retrainer.resolve(ended)
                del self._active[key]
        if cause is None:
            return
        self._active[cause.key] = cause
        if cause.key not in self._settled:
            decision = self._retrainer.take(cause, {"data": self._files(rows)})
            if decision is not None and decision.reason in _SETTLED:
                self._settled.add(cause.key)

    def _take_tick(self, rows: Sequence[NewRows]) -> None:
        cause = self._retrainer.due(self.plan.name)
        if cause is not None:
            counted = replace(cause, new_rows=NewRows.labelled_in(rows), bundle=self.label)
            self._retrainer.take(counted, {"data": self._files(rows)})

    def _files(self, rows: Sequence[NewRows]) -> list[str]:
        """Return what a retraining reads: new files with a target and, with `keep_rows`, those of earlier ones."""
        trained_on = trained_files(self.home, self.base) if self.plan.retrain.keep_rows else frozenset()
        kept = [path for path in window_files(self.plan, self.base) if path.resolve() in trained_on]
        new = [one.path for one in rows if one.labelled is None or one.labelled > 0]
        return [kept_name(path, self.base) for path in (*kept, *new)]

    def _cause(
        self, since: dict[str, str], moments: dict[str, float], worse: LiveLabels | None, rows: Sequence[NewRows]
    ) -> Cause:
        named = ", ".join(f"{feature} since {window}" for feature, window in sorted(since.items())[:5])
        evidence = [f"{named}{' …' if len(since) > 5 else ''} drifted"] if since else []
        keys = [cause_key(self.label, feature, window) for feature, window in sorted(since.items())]
        began = [moments[window] for window in since.values()]
        if worse is not None:
            evidence.append(labels_sentence(worse, self.plan.monitoring))
            keys.append(drift_key(self.label, self._labels))
            began.append(self._labels.standing[1])
        return Cause(
            name=self.plan.name,
            keys=tuple(keys),
            since=max(began),
            evidence=", and ".join(evidence),
            bundle=self.label,
            new_rows=NewRows.labelled_in(rows),
        )

    def _live_labels(self) -> LiveLabels | None:
        clock = self._retrainer.clock
        bundle = self.registry.bundle(self.serving.bundle)
        return self._labels.judge(bundle, self.label, now=clock.now(), wall=clock.wall())

    def _note_labels(self, live: LiveLabels | None) -> None:
        """Put on record what labels say, each time that this changes; where they stay away, nothing starts."""
        if live is None or not self._labels.standing[0]:
            return
        cause = labels_noted(self.plan.name, self.label, self._labels, live, self.plan.monitoring)
        if cause.key in self._known:
            return
        if cause.known:
            sentence = f"{cause.evidence[:1].upper()}{cause.evidence[1:]}."
            self._retrainer.note(cause, Decision(Action.NOTE, Reason.LABELS, sentence))
        else:
            self._retrainer.take(cause)
        self._known.add(cause.key)

    def _note_compared(self, rows: Sequence[NewRows]) -> None:
        """Put on record how each window compares with the training rows as a whole, where the plan asks for it."""
        for one in self._compared.of(rows, self.serving, self.registry):
            key = self._window_key("rows", one.drift.label, one.digest, one.moment)
            if key not in self._known:
                cause = Cause(
                    name=self.plan.name, keys=(key,), since=one.moment, evidence=one.sentence, bundle=self.label
                )
                self._retrainer.note(cause, Decision(Action.NOTE, Reason.ROWS, one.sentence))
                self._known.add(key)

    def _note(self, rows: NewRows) -> None:
        """Put on record what a window says, once; one that says nothing starts nothing."""
        key = self._window_key("window", rows.window.label, rows.digest, rows.moment)
        cause = Cause(
            name=self.plan.name,
            keys=(key,),
            since=rows.moment,
            evidence=rows.fault or f"{rows.window.label}, {rows.window.rows:,} rows: {rows.window.verdict}",
            bundle=self.label,
            known=not rows.fault,
        )
        if key in self._known:
            return
        if rows.fault:
            self._retrainer.take(cause)
        else:
            moved = [feature.feature for feature in rows.window.features if feature.drifted]
            sentence = f"{rows.window.label}: {', '.join(moved) or 'nothing'} drifted in {rows.window.rows:,} rows."
            self._retrainer.note(cause, Decision(Action.NOTE, Reason.WINDOW, sentence))
        self._known.add(key)

    def _window_key(self, kind: str, name: str, digest: str, moment: float) -> str:
        """Return what a window is known by: its name and bytes, or, as earlier versions had it, when it was written."""
        by_moment = cause_key(self.label, kind, name, str(moment))
        return by_moment if not digest or by_moment in self._known else cause_key(self.label, kind, name, digest)

    def _since(self, known: dict[int, int]) -> list[Entry]:
        return [entry for entry in self.journal.entries(self.plan.name) if known.get(entry.number) != entry.times]

    def _numbers(self) -> dict[int, int]:
        return {entry.number: entry.times for entry in self.journal.entries(self.plan.name)}

    def _write_page(self, rows: Sequence[NewRows]) -> None:
        record, bundle = self.serving, self.registry.bundle(self.serving.bundle)
        windows = [one.window for one in rows if not one.fault]
        live, facts = self._live_labels(), serving_facts(record, bundle)
        runs = self.journal.runs(self.plan.name)
        report = history_report(
            self.plan.name,
            self.journal.entries(self.plan.name),
            runs,
            facts if live is None else [*facts, label_fact(live, self.plan.monitoring)],
            windows,
            {one.window.label: one.counts for one in rows},
            bundle.reference(),
            self.plan.monitoring,
            fleet=fleet_of(self.runs),
            candidates=candidates_of(self.home, runs),
            traffic=traffic_of(self.url, self.plan.name, self.label),
            scores=scores_on_page(self.home, self.label, self.plan.monitoring),
        )
        report = self._compared.with_card(report, rows, record, self.registry)
        write_report(with_labels(report, live, self.plan.monitoring), self.home / PAGE)
