"""What Kubeflow does for a task, in a pod without Kubeflow: fetch inputs, run the component, report what came of it.

The last line of its output is one JSON object; where a component failed, the one that it left.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from kfp import dsl
from pyarrow import fs

from sevenfold.serving.component import deploy_model, judge_canary

given = json.loads(sys.argv[1])
out = Path("/tmp/out")  # noqa: S108 — the pod's own
out.mkdir()


def fetched(kind, name):
    artifact = kind(uri=f"minio://{given['root']}/{name}")
    system, path = fs.FileSystem.from_uri(f"s3://{given['root']}/{name}")
    Path(artifact.path).mkdir(parents=True)
    fs.copy_files(path, artifact.path, system, fs.LocalFileSystem())
    return artifact


def made(kind, name):
    return kind(uri=str(out / name))


inputs = {
    "dataset": fetched(dsl.Dataset, given["dataset"]),
    "bundle": fetched(dsl.Model, given["bundle"]),
    "evaluation": fetched(dsl.Artifact, given["evaluation"]),
}
if given.get("overwrite"):  # someone changes the object after it was verified, as far as the predictor can tell
    system, path = fs.FileSystem.from_uri(f"s3://{given['root']}/{given['bundle']}/model.onnx")
    with system.open_output_stream(path) as stream:
        stream.write(b"another model")
settings = json.dumps({"deployment": given["deployment"], "name": given["name"], "image": given.get("image", "")})
service = made(dsl.Artifact, "service")
started = time.monotonic()
deploy_model.python_func(
    **inputs,
    settings=settings,
    service=service,
    report=made(dsl.HTML, "deployed.html"),
    summary=made(dsl.Markdown, "deployed.md"),
)
staged = time.monotonic() - started
sys.stdout.write(json.dumps({"staged": staged}) + "\n")
sys.stdout.flush()
deadline = time.monotonic() + given.get("pause", 0)
while time.monotonic() < deadline:
    time.sleep(0.5)
settings = json.dumps({"deployment": given["deployment"], "name": given["name"], "prometheus": given["prometheus"]})
started = time.monotonic()
verdict = made(dsl.Artifact, "verdict")
decision = judge_canary.python_func(
    service=service,
    settings=settings,
    verdict=verdict,
    report=made(dsl.HTML, "judged.html"),
    summary=made(dsl.Markdown, "judged.md"),
)
judgement = json.loads((Path(verdict.path) / "verdict.json").read_text())
pages = [path.name for path in out.iterdir() if path.is_file() and path.stat().st_size > 100]
judgement |= {"staged": staged, "judged": time.monotonic() - started, "pages": sorted(pages)}
sys.stdout.write(json.dumps(judgement) + "\n")
assert decision == judgement["decision"]
