"""Ray for the time of a stage: on this machine, on a cluster by its address, or on one that KubeRay makes."""
