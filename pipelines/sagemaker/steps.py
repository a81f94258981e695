"""A job as a step of the pipeline: a processing job, or for training on request a training job."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from sevenfold.images import image
from sevenfold.pipelines.placement import stage_image
from sevenfold.pipelines.sagemaker.expressions import EXECUTION, Expression, get, joined, json_get
from sevenfold.pipelines.sagemaker.jobs import JobSpec
from sevenfold.plan import Plan
from sevenfold.plan.sagemaker import SageMakerSection

__all__ = ["PROPERTY_FILES", "StepFactory"]

ROOT: Final = "/opt/ml"
CHECKPOINTS: Final = f"{ROOT}/checkpoints"
LONGEST_SECONDS: Final = 432_000  # five days: more takes a quota that few have
PROPERTY_FILES: Final = ("decision", "registration")  # outputs of one JSON file, which later steps read values of
REGISTERED: Final = ("bundle", "data", "dataset", "metric", "plan", "score")  # what a package of the registry says
Address = str | Expression


@dataclass(frozen=True)
class StepFactory:
    """Makes the steps of one plan.

    Args:
        plan: the plan.
        root: address below which everything lies, without a final slash.
        addresses: of what the plan names, by input: ``table-1`` …, ``notebook``, ``recipe``, ``source``.
    """

    plan: Plan
    root: str
    addresses: dict[str, Address]

    @property
    def home(self) -> str:
        """Address of the plan's runs, promotions and checkpoints."""
        return f"{self.root}/{self.plan.name}"

    def step(self, job: JobSpec, settings: str) -> dict[str, Any]:
        """Return a job as a step; `settings` is the address of its settings."""
        training = job.room == "training" and self._section.training_job
        made: dict[str, Any] = {
            "Name": job.name,
            "DisplayName": job.title,
            "Type": "Training" if training else "Processing",
            "Arguments": self._training(job, settings) if training else self._processing(job, settings),
        }
        files = [
            {"PropertyFileName": name, "OutputName": name, "FilePath": f"{name}.json"}
            for name in job.left
            if name in PROPERTY_FILES
        ]
        return made | ({"PropertyFiles": files} if files else {})

    def registration(self) -> dict[str, Any]:
        """Return the step that puts a judged model into the model registry, with its digests, score and verdict.

        An endpoint of it starts the predictor's image on the bundle's folder as it was sealed.
        """

        def judged(name: str) -> Expression:
            return json_get("release-model", "registration", name)

        bundle = {"S3Uri": joined("/", self._artifact("train-model", "bundle"), ""), "S3DataType": "S3Prefix"}
        container = {
            "Image": self.plan.images.serve or image("serve", self.plan.images.registry),
            "ModelDataSource": {"S3DataSource": {**bundle, "CompressionType": "None"}},
            "Environment": {},
        }
        evaluation = joined("/", self._artifact("test-model", "evaluation"), "evaluation.json")
        arguments = {
            "ModelPackageGroupName": self.plan.name,
            "ModelPackageDescription": judged("sentence"),
            "ModelApprovalStatus": judged("status"),
            "InferenceSpecification": {
                "Containers": [container],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
                "SupportedRealtimeInferenceInstanceTypes": [self._section.machine_of("deployment")],
            },
            "ModelMetrics": {
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": evaluation}},
                "Bias": {},
                "Explainability": {},
            },
            "CustomerMetadataProperties": {name: judged(name) for name in REGISTERED},
            "SkipModelValidation": "None",
        }
        step = {"Name": "register-model", "DisplayName": "Register the model", "Type": "RegisterModel"}
        return {**step, "Arguments": arguments}

    @property
    def _section(self) -> SageMakerSection:
        return self.plan.sagemaker

    def _processing(self, job: JobSpec, settings: str) -> dict[str, Any]:
        section = self._section
        machine = {
            "InstanceType": section.machine_of(job.room),
            "InstanceCount": 1,
            "VolumeSizeInGB": section.volume_gb,
        }
        outputs: dict[str, Any] = {"Outputs": [self._output(job, name) for name in (*job.left, "report")]}
        if section.kms_key:
            machine["VolumeKmsKeyId"] = outputs["KmsKeyId"] = section.kms_key
        network: dict[str, Any] = {"EnableNetworkIsolation": section.network_isolation}
        if section.subnets:
            network["VpcConfig"] = self._vpc()
        return {
            "ProcessingResources": {"ClusterConfig": machine},
            "AppSpecification": {
                "ImageUri": stage_image(job.room, self.plan),
                "ContainerArguments": self._arguments(job),
                "ContainerEntrypoint": self._entrypoint(job),
            },
            "RoleArn": section.role,
            "ProcessingInputs": [self._input(name, address) for name, address in self._inputs(job, settings)],
            "ProcessingOutputConfig": outputs,
            "StoppingCondition": self._stopping(),
            "NetworkConfig": network,
            **self._tags(),
        }

    def _training(self, job: JobSpec, settings: str) -> dict[str, Any]:
        section = self._section
        machine = {
            "VolumeSizeInGB": section.volume_gb,
            "InstanceCount": 1,
            "InstanceType": section.machine_of(job.room),
        }
        # Files as they are: the next jobs take the bundle's folder as it was sealed.
        outputs = {"S3OutputPath": joined("/", self.home, EXECUTION, job.name), "CompressionType": "NONE"}
        if section.kms_key:
            machine["VolumeKmsKeyId"] = outputs["KmsKeyId"] = section.kms_key
        return {
            "AlgorithmSpecification": {
                "TrainingInputMode": "File",
                "TrainingImage": stage_image(job.room, self.plan),
                "ContainerEntrypoint": self._entrypoint(job),
                "ContainerArguments": [*self._arguments(job), "--training-job"],
            },
            "OutputDataConfig": outputs,
            "StoppingCondition": self._stopping(),
            "ResourceConfig": machine,
            "RoleArn": section.role,
            "InputDataConfig": [_channel(name, address) for name, address in self._inputs(job, settings)],
            "CheckpointConfig": {"S3Uri": f"{self.home}/checkpoints", "LocalPath": CHECKPOINTS},
            "EnableNetworkIsolation": section.network_isolation,
            "ProfilerConfig": {"DisableProfiler": True},
            **({"VpcConfig": self._vpc()} if section.subnets else {}),
            **self._tags(),
        }

    def _entrypoint(self, job: JobSpec) -> list[str]:
        return ["python", "-m", "sevenfold.run_stage", *job.stages]

    def _arguments(self, job: JobSpec) -> list[Expression | str]:
        own = [joined("", f"--{name.replace('_', '-')}=", get(f"Parameters.{name}")) for name in job.arguments]
        return [*own, joined("", "--run=", EXECUTION)]

    def _inputs(self, job: JobSpec, settings: str) -> list[tuple[str, Address]]:
        mounted: dict[str, Address] = {"settings": settings}
        for name in job.mounted:
            wanted = [one for one in self.addresses if one.startswith("table-")] if name == "tables" else [name]
            mounted |= {one: self.addresses[one] for one in wanted if one in self.addresses}
            if name == "registry":
                mounted[name] = self._kept(name)
        taken = [(name, self._artifact(owner, name)) for owner, name in job.taken]
        return [*mounted.items(), *taken]

    def _artifact(self, owner: str, name: str) -> Expression:
        if owner == "train-model" and self._section.training_job:
            return get(f"Steps.{owner}.ModelArtifacts.S3ModelArtifacts")
        return get(f"Steps.{owner}.ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")

    def _kept(self, name: str) -> str:
        """Return the address of what outlives a run."""
        return f"{self.home}/{name}"

    def _input(self, name: str, address: Address) -> dict[str, Any]:
        source = {
            "S3Uri": address,
            "LocalPath": f"{ROOT}/processing/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        }
        return {"InputName": name, "AppManaged": False, "S3Input": source}

    def _output(self, job: JobSpec, name: str) -> dict[str, Any]:
        address = self._kept(name) if name == "registry" else joined("/", self.home, EXECUTION, job.name, name)
        target = {"S3Uri": address, "LocalPath": f"{ROOT}/processing/output/{name}", "S3UploadMode": "EndOfJob"}
        return {"OutputName": name, "AppManaged": False, "S3Output": target}

    def _stopping(self) -> dict[str, int]:
        return {"MaxRuntimeInSeconds": min(LONGEST_SECONDS, math.ceil(self.plan.budget.hours * 3600))}

    def _vpc(self) -> dict[str, list[str]]:
        return {"SecurityGroupIds": list(self._section.security_groups), "Subnets": list(self._section.subnets)}

    def _tags(self) -> dict[str, list[dict[str, str]]]:
        tags = [{"Key": key, "Value": value} for key, value in sorted(self._section.tags.items())]
        return {"Tags": tags} if tags else {}


def _channel(name: str, address: Address) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": address, "S3DataDistributionType": "FullyReplicated"}
    return {"DataSource": {"S3DataSource": source}, "ChannelName": name}
