"""What CloudWatch Logs makes of a line: the published rules of its embedded metric format, and the metrics in it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from typing import Any

UNITS = {"Count", "Milliseconds", "None"}  # of those that the format knows
TEXT = {"type": "string", "minLength": 1}
METRIC = {
    "type": "object",
    "required": ["Name"],
    "additionalProperties": False,
    "properties": {"Name": {**TEXT, "maxLength": 1024}, "Unit": {"enum": sorted(UNITS)}},
}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": {**TEXT, "maxLength": 1024},
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "minItems": 1, "maxItems": 30, "items": {**TEXT, "maxLength": 250}},
        },
        "Metrics": {"type": "array", "maxItems": 100, "items": METRIC},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "additionalProperties": False,
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {"type": "array", "items": DIRECTIVE},
            },
        }
    },
}
MOST_BYTES = 256 * 1024


def metric_data(line: str) -> list[dict[str, Any]]:
    """Return what `put_metric_data` would be given for the metrics of a line; none where it is no such document."""
    import jsonschema

    try:
        document = json.loads(line)
    except ValueError:
        return []
    if not isinstance(document, dict) or "_aws" not in document:
        return []
    assert len(line.encode()) <= MOST_BYTES
    jsonschema.validate(document, SCHEMA)
    data = []
    for directive in document["_aws"]["CloudWatchMetrics"]:
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(set(names)) == len(names), "a metric stands once in a directive"
        for metric in directive["Metrics"]:
            value = document[metric["Name"]]
            assert isinstance(value, int | float), f"{metric['Name']} must be a number"
            for keys in directive["Dimensions"]:
                pairs = [(key, document[key]) for key in keys]
                assert all(isinstance(text, str) and text.strip() and text.isascii() for _, text in pairs)
                assert all(len(text) <= 1024 for _, text in pairs)
                data.append(
                    {
                        "MetricName": metric["Name"],
                        "Unit": metric["Unit"],
                        "Value": value,
                        "Dimensions": [{"Name": key, "Value": text} for key, text in pairs],
                        "Timestamp": document["_aws"]["Timestamp"] / 1000,
                    }
                )
    return data


def summed(lines: str, metric: str, **dimensions: str) -> float:
    """Return the sum of a metric of exactly these dimensions over all lines."""
    wanted = sorted(dimensions.items())
    data = [one for line in lines.splitlines() for one in metric_data(line)]
    return sum(
        one["Value"]
        for one in data
        if one["MetricName"] == metric and sorted((d["Name"], d["Value"]) for d in one["Dimensions"]) == wanted
    )
