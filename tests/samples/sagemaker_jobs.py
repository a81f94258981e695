"""A pipeline's definition carried out on this machine: every job a process, S3 a folder, references filled in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OUTPUT = re.compile(r"Steps\.([^.]+)\.ProcessingOutputConfig\.Outputs\['([^']+)'\]\.S3Output\.S3Uri")


@dataclass
class Ended:
    """How a step ended: its status, and what SageMaker would show of it."""

    status: str
    message: str = ""
    printed: str = ""


@dataclass
class JobRunner:
    """Carries out a definition step by step, as the service does, with `bucket` for the store.

    What a job reads is copied below the folder that stands for ``/opt/ml``, what it leaves is copied back. A step that
    fails ends the run.
    """

    definition: dict[str, Any]
    folder: Path
    bucket: Path
    execution: str = "abcdefghijkl"
    given: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    registered: dict[str, Any] = field(default_factory=dict)

    def run(self) -> str:
        """Run every step in its order; return Succeeded or Failed."""
        return "Succeeded" if self._run(self.definition["Steps"]) else "Failed"

    def path(self, address: str) -> Path:
        """Return where an s3:// address lies here."""
        return self.bucket / address.removeprefix("s3://")

    def value(self, expression: Any) -> Any:
        """Fill in what stands in the place of a value."""
        match expression:
            case {"Std:Join": {"On": separator, "Values": values}}:
                return separator.join(str(self.value(value)) for value in values)
            case {"Std:JsonGet": {"PropertyFile": {"Get": reference}, "Path": key}}:
                return self._property(reference)[key]
            case {"Get": "Execution.PipelineExecutionId"}:
                return self.execution
            case {"Get": reference} if reference.startswith("Parameters."):
                name = reference.split(".")[1]
                declared = {one["Name"]: one for one in self.definition["Parameters"]}
                return self.given.get(name, declared[name].get("DefaultValue"))
            case {"Get": reference}:
                return self._reference(reference)
        return expression

    def filled(self, part: Any) -> Any:
        """Fill in every value of a request."""
        if isinstance(part, list):
            return [self.filled(one) for one in part]
        if isinstance(part, dict) and not set(part) & {"Get", "Std:Join", "Std:JsonGet"}:
            return {key: self.filled(one) for key, one in part.items()}
        return self.value(part)

    def _run(self, steps: list[dict[str, Any]]) -> bool:
        for step in steps:
            kind, arguments = step["Type"], step["Arguments"]
            if kind == "Condition":
                holds = all(self.value(one["LeftValue"]) == one["RightValue"] for one in arguments["Conditions"])
                self.ended[step["Name"]] = Ended("Succeeded", str(holds))
                return self._run(arguments["IfSteps" if holds else "ElseSteps"])
            if kind == "Fail":
                self.ended[step["Name"]] = Ended("Failed", self.value(arguments["ErrorMessage"]))
                return False
            if kind == "RegisterModel":
                self.registered = self.filled(arguments)
                self.ended[step["Name"]] = Ended("Succeeded")
                continue
            ended = self._training(step) if kind == "Training" else self._processing(step)
            self.ended[step["Name"]] = ended
            if ended.status == "Failed":
                return False
        return True

    def _processing(self, step: dict[str, Any]) -> Ended:
        root, arguments = self.folder / step["Name"], step["Arguments"]
        for one in arguments["ProcessingInputs"]:
            source = one["S3Input"]
            self._mount(self.value(source["S3Uri"]), root / source["LocalPath"].removeprefix("/opt/ml/"))
        outputs = [one["S3Output"] for one in arguments["ProcessingOutputConfig"]["Outputs"]]
        for target in outputs:
            _mount_point(root / target["LocalPath"].removeprefix("/opt/ml/"))
        ended = self._start(root, arguments["AppSpecification"], root / "output/message")
        for target in outputs:
            self._keep(root / target["LocalPath"].removeprefix("/opt/ml/"), self.path(self.value(target["S3Uri"])))
        return ended

    def _training(self, step: dict[str, Any]) -> Ended:
        root, arguments = self.folder / step["Name"], step["Arguments"]
        for one in arguments["InputDataConfig"]:
            address = self.value(one["DataSource"]["S3DataSource"]["S3Uri"])
            self._mount(address, root / "input/data" / one["ChannelName"])
        for folder in ("model", "output/data"):
            _mount_point(root / folder)
        ended = self._start(root, arguments["AlgorithmSpecification"], root / "output/failure")
        home = self.path(self.value(arguments["OutputDataConfig"]["S3OutputPath"])) / "job-1/output"
        self._keep(root / "model", home / "model")
        self._keep(root / "output/data", home / "data")
        return ended

    def _start(self, root: Path, started: dict[str, Any], message: Path) -> Ended:
        entry = [sys.executable if text == "python" else text for text in started["ContainerEntrypoint"]]
        command = [*entry, *(self.value(text) for text in started["ContainerArguments"]), f"--root={root}"]
        assert all(isinstance(text, str) for text in command)
        alone = {name: value for name, value in os.environ.items() if not name.startswith(("SEVENFOLD", "AWS"))}
        done = subprocess.run(command, cwd=root, env=alone, capture_output=True, text=True, timeout=300, check=False)
        shown = message.read_bytes()[:1_024].decode("utf-8") if message.is_file() else ""
        return Ended("Failed" if done.returncode else "Succeeded", shown, done.stdout + done.stderr)

    def _mount(self, address: str, target: Path) -> None:
        source = self.path(address)
        assert source.exists(), f"SageMaker fails a job whose input is not there: {address}"
        target.mkdir(parents=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)

    def _keep(self, source: Path, target: Path) -> None:
        if source.is_dir():  # S3 has no empty folders
            for path in (path for path in source.rglob("*") if path.is_file()):
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)

    def _reference(self, reference: str) -> str:
        if output := OUTPUT.fullmatch(reference):
            outputs = self._step(output[1])["Arguments"]["ProcessingOutputConfig"]["Outputs"]
            uri = next(one["S3Output"]["S3Uri"] for one in outputs if one["OutputName"] == output[2])
            return str(self.value(uri))
        name = reference.split(".")[1]
        assert reference == f"Steps.{name}.ModelArtifacts.S3ModelArtifacts"
        return f"{self.value(self._step(name)['Arguments']['OutputDataConfig']['S3OutputPath'])}/job-1/output/model"

    def _property(self, reference: str) -> dict[str, Any]:
        _, name, _, wanted = reference.split(".")
        step = self._step(name)
        file = next(one for one in step["PropertyFiles"] if one["PropertyFileName"] == wanted)
        address = self._reference(f"Steps.{name}.ProcessingOutputConfig.Outputs['{file['OutputName']}'].S3Output.S3Uri")
        return dict(json.loads((self.path(address) / file["FilePath"]).read_text()))

    def _step(self, name: str) -> dict[str, Any]:
        *steps, gate = self.definition["Steps"]
        return next(step for step in (*steps, *gate["Arguments"]["IfSteps"]) if step["Name"] == name)


def _mount_point(path: Path) -> None:
    """Make a folder that, like a mounted one, can be filled, but neither replaced nor removed."""
    place = path.with_name(f"{path.name}.mounted")
    place.mkdir(parents=True)
    path.symlink_to(place)
