"""The last task of a run that may not deploy: write what a release has to take, and by which digests it is known."""

# No `from __future__ import annotations` here: kfp reads the signature's types.
from kfp import dsl
from kfp.dsl import Artifact, Dataset, Input, Markdown, Model, Output

from sevenfold.images import CONTROL

__all__ = ["hand_over"]


@dsl.component(base_image=CONTROL, install_kfp_package=False)
def hand_over(
    dataset: Input[Dataset],
    bundle: Input[Model],
    evaluation: Input[Artifact],
    handover: Output[Artifact],
    summary: Output[Markdown],
) -> None:
    """Write down the arguments of the release: a second run, under an account of its own, that deploys the bundle.

    Args:
        dataset: Sealed dataset folder.
        bundle: Sealed bundle folder that passed its test.
        evaluation: Sealed evaluation folder of both.
        handover: Folder with handover.json (addresses of the three, digests of bundle and evaluation), sealed.
        summary: The same, to be copied into the form of the pipeline NAME-release.
    """
    from sevenfold.runtime.failure import stage_boundary

    with stage_boundary("handover"):
        from pathlib import Path

        from sevenfold.contracts.evaluation import Evaluation
        from sevenfold.contracts.handover import Handover
        from sevenfold.contracts.manifest import verify

        tested = Evaluation.open(Path(evaluation.path))
        arguments = Handover(
            dataset=dataset.uri,
            bundle=bundle.uri,
            evaluation=evaluation.uri,
            bundle_digest=tested.digests["bundle"],
            evaluation_digest=verify(Path(evaluation.path)).digest,
        )
        arguments.save(Path(handover.path))
        lines = [f"- `{name}`: `{value}`" for name, value in arguments.model_dump().items()]
        Path(summary.path).write_text("\n".join(["Arguments of the release:", "", *lines, ""]))
