#!/usr/bin/env bash
# moto's SageMaker describes another endpoint than AWS does, on valid input and without an error:
# - a production variant that starts with InitialVariantWeight 0 has no weight in DescribeEndpoint at all;
# - UpdateEndpointWeightsAndCapacities with a weight alone, where the count of instances is optional and stays as it is,
#   takes the variant's counts away.
# So what reads the weights of a canary must take a missing one for 0, and counts cannot be tested so.
# Seen with moto 5.2.5, boto3 1.44.8 on Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "moto[sagemaker]==5.2.5" boto3==1.44.8
cd "$work"
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=eu-central-1
"$work/venv/bin/python" - <<'PY'
import boto3
from moto import mock_aws

with mock_aws():
    api = boto3.client("sagemaker")
    api.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"})
    variants = [
        {"VariantName": name, "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1,
         "InitialVariantWeight": weight}
        for name, weight in (("old", 100.0), ("new", 0.0))
    ]
    api.create_endpoint_config(EndpointConfigName="c", ProductionVariants=variants)
    api.create_endpoint(EndpointName="e", EndpointConfigName="c")
    started = {one["VariantName"]: one for one in api.describe_endpoint(EndpointName="e")["ProductionVariants"]}
    shares = [{"VariantName": "old", "DesiredWeight": 90.0}, {"VariantName": "new", "DesiredWeight": 10.0}]
    api.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=shares)
    shared = {one["VariantName"]: one for one in api.describe_endpoint(EndpointName="e")["ProductionVariants"]}
print("at the start", started["new"], "after a share", shared["old"])
assert "CurrentWeight" not in started["new"], "a weight of 0 is shown now"
assert not shared["old"].get("CurrentInstanceCount"), "the counts stay now"
PY
