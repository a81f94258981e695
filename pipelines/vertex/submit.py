"""Run a plan on Vertex AI: send what it names to the bucket, start a pipeline job."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sevenfold
from sevenfold.contracts.canonical import write_whole
from sevenfold.images import image
from sevenfold.pipelines.compile import version_name
from sevenfold.pipelines.inputs import carry_inputs, carry_table
from sevenfold.pipelines.vertex.definition import compile_for_vertex, placed_plan
from sevenfold.pipelines.vertex.parameters import checked_parameters
from sevenfold.pipelines.vertex.run import DIGEST_LABEL, PLAN_LABEL, VertexRun, run_folder
from sevenfold.pipelines.vertex.service import console_page
from sevenfold.runtime.progress import OnMessage
from sevenfold.tables.sources import sources_of, sources_text

if TYPE_CHECKING:
    from sevenfold.pipelines.store import Store
    from sevenfold.pipelines.targets import RunRequest
    from sevenfold.pipelines.vertex.service import Service
    from sevenfold.plan import Plan

__all__ = ["PACKAGE", "submit"]

PACKAGE: Final = "pipeline.yaml"


def submit(asked: RunRequest, plan: Plan, service: Service, store: Store, on_message: OnMessage) -> VertexRun:
    """Send what the plan names here to the bucket, compile, check the parameters, start a job.

    Raises:
        DataError, PolicyError, TrainingError, TemporaryError: table, source, bucket or Vertex AI say no; then no run
            was started.
    """
    section = service.section
    with _carried(asked, plan, store, on_message) as (carried, parameters, work):
        document = compile_for_vertex(carried, work / PACKAGE, cached=bool(parameters["data_digest"]))
        version, moment = version_name(plan, work / PACKAGE), datetime.now(UTC)
        run = f"{plan.name}-{moment:%Y%m%d%H%M%S}-{secrets.token_hex(2)}"
        values = checked_parameters(document, parameters)
        labels = {**section.labels, PLAN_LABEL: plan.name, DIGEST_LABEL: version.rpartition("-")[2]}
        service.start(_job(service, document, values, run, store.root, labels), run)
        folder = run_folder(asked.runs / plan.name, run)
        write_whole(folder.path / "plan.yaml", asked.plan_path.read_bytes())
        write_whole(folder.path / PACKAGE, (work / PACKAGE).read_bytes())
    folder.record(
        state="running",
        started=moment.isoformat(timespec="seconds"),
        sevenfold=sevenfold.__version__,
        target="vertex",
        endpoint=service.parent,
        vertex=section.model_dump(mode="json"),
        link=console_page(section, run),
        run=run,
        version=version,
        root=store.root,
        predictor=_predictor(plan),
        arguments=values,
    )
    return VertexRun(run, plan.name, folder)


def _predictor(plan: Plan) -> str:
    images = placed_plan(plan).images
    return images.serve or image("serve", images.registry)


@contextmanager
def _carried(
    asked: RunRequest, plan: Plan, store: Store, on_message: OnMessage
) -> Iterator[tuple[Plan, dict[str, Any], Path]]:
    """Send the files of this machine; give the plan that names their addresses, the parameters, a folder to work in."""
    carried = carry_inputs(plan, asked.plan_path.resolve().parent, store, on_message)
    digest, parameters = carried.data.digest, dict[str, Any]()
    if asked.data:
        other = plan.data.model_copy(update={"source": sources_of(asked.data), "digest": ""})
        addresses, digest = carry_table(plan.model_copy(update={"data": other}), Path.cwd(), store, on_message)
        parameters["data"] = sources_text(addresses)
    changed = {"trials": asked.trials, "max_epochs": asked.max_epochs, "seed": asked.seed}
    parameters |= {"data_digest": digest, **{key: value for key, value in changed.items() if value is not None}}
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as work:
        yield carried, parameters, Path(work)


def _job(
    service: Service, document: Mapping[str, Any], values: dict[str, Any], run: str, root: str, labels: dict[str, str]
) -> Any:
    types, section = service.types, service.section
    return types.PipelineJob(
        display_name=run,
        pipeline_spec=document,
        runtime_config=types.PipelineJob.RuntimeConfig(
            gcs_output_directory=root,
            parameter_values=values,
            # what does not depend on a failed task would cost money, and change nothing
            failure_policy=types.PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST,
        ),
        service_account=section.service_account,
        network=section.network,
        encryption_spec=types.EncryptionSpec(kms_key_name=section.encryption_key) if section.encryption_key else None,
        labels=labels,
    )
