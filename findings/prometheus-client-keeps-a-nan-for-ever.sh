#!/usr/bin/env bash
# One NaN spoils a metric of prometheus_client until the process ends, and the metric hides that. Histogram.observe(nan)
# adds NaN to the sum, which stays NaN, but counts the observation in no bucket, not even in +Inf, so the count does not
# show that anything came; the mean, rate(sum) / rate(count), is gone for good. Counter.inc, which refuses to go down,
# takes NaN, too, and stays NaN. So a score or a latency is checked before it is counted.
# Seen with prometheus-client 0.26.0 on Python 3.11: after observations of 0.5, NaN and 0.5 the count and the bucket
# +Inf are 2 and the sum is NaN; after inc(nan) and inc(1) the counter is NaN.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check prometheus-client==0.26.0
"$work/venv/bin/python" - <<'PY'
import math

from prometheus_client import CollectorRegistry, Counter, Histogram

registry = CollectorRegistry()
seconds = Histogram("answer_seconds", "Seconds of an answer.", buckets=[1.0], registry=registry)
for value in (0.5, math.nan, 0.5):
    seconds.observe(value)
rows = Counter("rows", "Rows seen.", registry=registry)
rows.inc(math.nan)
rows.inc(1)
value = registry.get_sample_value
count, bucket = value("answer_seconds_count"), value("answer_seconds_bucket", {"le": "+Inf"})
total, counted = value("answer_seconds_sum"), value("rows_total")
print(f"three observations: count {count}, bucket +Inf {bucket}, sum {total}; the counter: {counted}")
assert (count, bucket) == (2.0, 2.0), "NaN is counted now"
assert math.isnan(total), "NaN does not reach the sum any more"
assert math.isnan(counted), "NaN does not reach the counter any more"
PY
