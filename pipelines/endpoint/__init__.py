"""A bundle on an endpoint of a cloud: deployed, judged as a canary on counted requests, released or withdrawn."""
