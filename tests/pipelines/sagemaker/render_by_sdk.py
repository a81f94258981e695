"""What the SageMaker SDK makes of the steps of `sdk_plan`: run in an environment of its own, never by the tests' own.

    uv run --no-project --python 3.11 --with 'sagemaker[local]==2.257.7' \
        tests/pipelines/sagemaker/render_by_sdk.py > tests/pipelines/sagemaker/rendered_by_sdk.json

The steps are written here once more, in the SDK's own words; the addresses of settings are names. With an argument, a
JSON file of these addresses and of parameters, the SDK's local mode runs the steps instead and prints how they ended.
"""

# ruff: noqa: E402

import json
import logging
import sys
from pathlib import Path
from unittest.mock import MagicMock

logging.disable(logging.INFO)  # the SDK writes to standard output where it looks for a configuration

from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model import Model
from sagemaker.model_metrics import MetricsSource, ModelMetrics
from sagemaker.network import NetworkConfig
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionEquals
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import LocalPipelineSession, PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import ProcessingStep, TrainingStep

ROLE = "arn:aws:iam::123456789012:role/pipelines"
HOME = "s3://bucket/sevenfold/demo"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
TAGS = [{"Key": "team", "Value": "flights"}]
VPC = {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/{}:1"
RUN = ExecutionVariables.PIPELINE_EXECUTION_ID

LOCAL = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else {}

data = ParameterString("data", default_value="s3://bucket/demo.csv")
data_digest = ParameterString("data_digest", default_value="")
trials = ParameterInteger("trials", default_value=-1)
max_epochs = ParameterInteger("max_epochs", default_value=0)
seed = ParameterInteger("seed", default_value=-1)
parameters = [data, data_digest, trials, max_epochs, seed]


def settings(name):
    return LOCAL["settings"][name] if LOCAL else f"s3://settings/{name}"


def session(**options):
    """A session that asks nobody, or that runs jobs on this machine."""
    if LOCAL:
        return LocalPipelineSession(default_bucket="bucket")
    boto = MagicMock(region_name="eu-central-1", name="boto")
    client = MagicMock(name="client")
    client._client_config.user_agent = "test"
    return PipelineSession(boto_session=boto, sagemaker_client=client, default_bucket="bucket", **options)


def given(*named):
    options = [Join(on="", values=[f"--{one.name.replace('_', '-')}=", one]) for one in named]
    return [*options, Join(on="", values=["--run=", RUN])]


def job(name, title, image, machine, inputs, outputs, arguments, *, stages=(), files=None):
    processor = Processor(
        role=ROLE,
        image_uri=IMAGE.format(image),
        instance_count=1,
        instance_type=machine,
        entrypoint=["python", "-m", "sevenfold.run_stage", *(stages or (name,))],
        volume_size_in_gb=30,
        volume_kms_key=KEY,
        output_kms_key=KEY,
        max_runtime_in_seconds=86_400,
        sagemaker_session=session(),
        tags=TAGS,
        network_config=NetworkConfig(enable_network_isolation=True, **VPC),
    )
    mounted = [
        ProcessingInput(source=source, destination=f"/opt/ml/processing/input/{one}", input_name=one)
        for one, source in inputs.items()
    ]
    left = [
        ProcessingOutput(
            source=f"/opt/ml/processing/output/{one}",
            destination=f"{HOME}/registry" if one == "registry" else Join(on="/", values=[HOME, RUN, name, one]),
            output_name=one,
        )
        for one in outputs
    ]
    arguments = processor.run(inputs=mounted, outputs=left, arguments=arguments, wait=False)
    return ProcessingStep(name=name, display_name=title, step_args=arguments, property_files=files)


def left_by(step, name):
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def training(dataset, study):
    estimator = Estimator(
        image_uri=IMAGE.format("train"),
        role=ROLE,
        instance_count=1,
        instance_type="ml.g5.xlarge",
        volume_size=30,
        volume_kms_key=KEY,
        output_kms_key=KEY,
        max_run=86_400,
        output_path=Join(on="/", values=[HOME, RUN, "train-model"]),
        sagemaker_session=session(),
        tags=TAGS,
        enable_network_isolation=True,
        disable_output_compression=True,
        debugger_hook_config=False,
        disable_profiler=True,
        checkpoint_s3_uri=f"{HOME}/checkpoints",
        checkpoint_local_path="/opt/ml/checkpoints",
        container_entry_point=["python", "-m", "sevenfold.run_stage", "train-model"],
        container_arguments=[*given(data_digest, max_epochs, seed), "--training-job"],
        **VPC,
    )
    sources = {"settings": settings("train-model"), "dataset": dataset, "study": study}
    channels = {name: TrainingInput(source) for name, source in sources.items()}
    return TrainingStep(name="train-model", display_name="4 Training", step_args=estimator.fit(channels))


explored = job(
    *("explore-data", "1 Design", "prepare", "ml.m5.xlarge"),
    {"settings": settings("explore-data"), "table-1": data},
    ["report"],
    given(),
)
prepared = job(
    *("prepare-data", "2 Preparation", "prepare", "ml.m5.xlarge"),
    {"settings": settings("prepare-data"), "table-1": data},
    ["dataset", "report"],
    given(data_digest),
)
dataset = left_by(prepared, "dataset")
tuned = job(
    *("tune-model", "3 Tuning", "train", "ml.m5.xlarge"),
    {"settings": settings("tune-model"), "dataset": dataset},
    ["study", "report"],
    given(trials, seed),
)
if LOCAL:  # the local mode packs what a training job leaves, whatever it is asked for
    sources = {"settings": settings("train-model"), "dataset": dataset, "study": left_by(tuned, "study")}
    trained = job(
        *("train-model", "4 Training", "train", "ml.m5.xlarge"),
        sources,
        ["bundle", "report"],
        given(data_digest, max_epochs, seed),
    )
    bundle = left_by(trained, "bundle")
else:
    trained = training(dataset, left_by(tuned, "study"))
    bundle = trained.properties.ModelArtifacts.S3ModelArtifacts
decision = PropertyFile(name="decision", output_name="decision", path="decision.json")
tested = job(
    *("test-model", "5 Testing", "train", "ml.m5.xlarge"),
    {"settings": settings("test-model"), "registry": f"{HOME}/registry", "dataset": dataset, "bundle": bundle},
    ["evaluation", "decision", "report"],
    given(),
    files=[decision],
)
registration = PropertyFile(name="registration", output_name="registration", path="registration.json")
released = job(
    *("release-model", "6 Inference, 7 Monitoring", "control", "ml.m5.xlarge"),
    {
        "settings": settings("release-model"),
        "registry": f"{HOME}/registry",
        "dataset": dataset,
        "bundle": bundle,
        "evaluation": left_by(tested, "evaluation"),
    },
    ["service", "verdict", "watch", "registry", "registration", "report"],
    given(),
    stages=("deploy-model", "judge-canary", "monitor-model"),
    files=[registration],
)


def of_registration(path):
    return JsonGet(step_name="release-model", property_file=registration, json_path=path)


source = {"S3Uri": Join(on="/", values=[bundle, ""]), "S3DataType": "S3Prefix", "CompressionType": "None"}
model = Model(
    image_uri=IMAGE.format("serve"), model_data={"S3DataSource": source}, role=ROLE, sagemaker_session=session()
)
measured = MetricsSource(
    content_type="application/json",
    s3_uri=Join(on="/", values=[left_by(tested, "evaluation"), "evaluation.json"]),
)
registered = ModelStep(
    name="register-model",
    display_name="Register the model",
    step_args=model.register(
        content_types=["application/json"],
        response_types=["application/json"],
        inference_instances=["ml.m5.xlarge"],
        model_package_group_name="demo",
        approval_status=of_registration("status"),
        description=of_registration("sentence"),
        model_metrics=ModelMetrics(model_statistics=measured),
        customer_metadata_properties={
            name: of_registration(name) for name in ("bundle", "data", "dataset", "metric", "plan", "score")
        },
    ),
)


def of_decision(path):
    return JsonGet(step_name="test-model", property_file=decision, json_path=path)


refused = FailStep(
    name="refused",
    display_name="Refused",
    error_message=Join(on=": ", values=["The model was refused", of_decision("sentence")]),
)
gate = ConditionStep(
    name="gate",
    display_name="May it be promoted?",
    conditions=[ConditionEquals(left=of_decision("decision"), right="promote")],
    if_steps=[released, registered],
    else_steps=[refused],
)
if LOCAL:
    gate.if_steps = [released]  # the local mode knows no registry of models
steps = [explored, prepared, tuned, trained, tested, gate]
pipeline = Pipeline(name="demo", parameters=parameters, steps=steps, sagemaker_session=session())
if LOCAL:
    pipeline.create(ROLE)
    execution = pipeline.start(parameters=LOCAL["parameters"])
    run = execution.describe()
    ended = {step["StepName"]: step["StepStatus"] for step in execution.list_steps()["PipelineExecutionSteps"]}
    answer = {"run": run["PipelineExecutionArn"], "status": run["PipelineExecutionStatus"], "steps": ended}
    Path(sys.argv[2]).write_text(json.dumps({**answer, "reason": run.get("FailureReason", "")}))
    sys.exit()
definition = json.loads(pipeline.definition())
for step in definition["Steps"][-1]["Arguments"]["IfSteps"]:
    step["Name"] = step["Name"].removesuffix("-RegisterModel")  # the SDK adds it
json.dump(definition, sys.stdout, indent=2, sort_keys=True)
sys.stdout.write("\n")
