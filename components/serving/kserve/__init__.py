"""KServe: deploy a bundle on a cluster, judge its canary, release it or put the previous one back."""
