#!/usr/bin/env bash
# From nothing to Kubeflow Pipelines, KServe, Prometheus and Grafana on this machine, with our images and manifests.
#
#   manifests/kind.sh            every step below, in this order; run it again to mend or update
#   manifests/kind.sh STEP...    some of them
#   manifests/kind.sh list       every file and image that is taken from elsewhere, for a mirror
#   manifests/kind.sh down       remove the cluster and its registry
#
# Needs docker (or podman), kind 0.30, kubectl 1.32 or newer, git and python3; 8 GB of memory and 30 GB of disk.
# MIRROR=HOST takes images from HOST/docker.io/… and so on, and files from https://HOST/files/github.com/…
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=manifests/sources.env
source manifests/sources.env
CLUSTER=${CLUSTER:-sevenfold}
REGISTRY=${REGISTRY:-localhost:5001}
ENGINE=${ENGINE:-docker}
MIRROR=${MIRROR:-}
REGISTRIES="docker.io ghcr.io quay.io registry.k8s.io gcr.io"
STEPS="cluster registry images certificates gateway kserve pipelines namespace storage ready"

say() { printf '\n== %s\n' "$*"; }

# An address on GitHub, or its copy in the mirror.
file() { if [ -n "$MIRROR" ]; then echo "${1/https:\/\//https:\/\/$MIRROR\/files\/}"; else echo "$1"; fi; }

# kubectl's kustomize fetches with git, which can be told where github.com is.
if [ -n "$MIRROR" ]; then
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_VALUE_0=https://github.com/
  export GIT_CONFIG_KEY_0="url.https://$MIRROR/files/github.com/.insteadOf"
fi

# Server-side, so that applying twice changes nothing and large types fit.
apply() { kubectl apply --server-side --force-conflicts --field-manager=sevenfold-kind "$@"; }

available() { kubectl --namespace "$1" wait --for=condition=Available --timeout=600s deployment --all; }

cluster() {
  say "A cluster of one node ($NODE_IMAGE)"
  local image=$NODE_IMAGE
  if [ -n "$MIRROR" ]; then image=$MIRROR/$NODE_IMAGE; fi
  if ! kind get clusters 2>/dev/null | grep -qx "$CLUSTER"; then
    kind create cluster --name "$CLUSTER" --config kind-config.yaml --image "$image" --wait 180s
  fi
  kubectl config use-context "kind-$CLUSTER"
}

registry() {
  say "A registry for our images ($REGISTRY), known to the node"
  local name=$CLUSTER-registry image=$REGISTRY_IMAGE node=$CLUSTER-control-plane
  if [ -n "$MIRROR" ]; then image=$MIRROR/$REGISTRY_IMAGE; fi
  if [ "$("$ENGINE" inspect -f '{{.State.Running}}' "$name" 2>/dev/null)" != true ]; then
    "$ENGINE" rm -f "$name" >/dev/null 2>&1 || true
    "$ENGINE" run -d --restart=always -p "127.0.0.1:${REGISTRY##*:}:5000" --network kind --name "$name" "$image"
  fi
  hosts "$node" "$REGISTRY" "http://$name:5000"
  if [ -n "$MIRROR" ]; then for source in $REGISTRIES; do hosts "$node" "$source" "https://$MIRROR/v2/$source"; done; fi
}

# Tell the node's containerd where a registry's images really are.
hosts() {
  local path='' folder=/etc/containerd/certs.d/$2
  case $3 in */v2/*) path='override_path = true' ;; esac
  "$ENGINE" exec "$1" mkdir -p "$folder"
  printf '[host."%s"]\n%s\n' "$3" "$path" | "$ENGINE" exec -i "$1" cp /dev/stdin "$folder/hosts.toml"
}

images() {
  say "Our images, built and pushed"
  python3 docker/build.py --registry "$REGISTRY" --push --insecure
}

certificates() {
  say "cert-manager, for KServe's webhooks"
  apply -f "$(file "$CERT_MANAGER")"
  available cert-manager
}

gateway() {
  say "Envoy Gateway and the Gateway API"
  apply -f "$(file "$ENVOY_GATEWAY")"
  available envoy-gateway-system
  kubectl get namespace kserve >/dev/null 2>&1 || kubectl create namespace kserve
  apply -k manifests/platform/gateway
}

kserve() {
  say "KServe, Standard mode"
  # Its own objects need its types and its webhook, which come with the same files: so twice, with a wait between.
  apply -k manifests/platform/kserve >/dev/null 2>&1 || true
  kubectl wait --for=condition=Established --timeout=120s crd/inferenceservices.serving.kserve.io
  available kserve
  apply -k manifests/platform/kserve
}

pipelines() {
  say "Kubeflow Pipelines"
  apply -k "$(file "$PIPELINES_TYPES")"
  kubectl wait --for=condition=Established --timeout=120s crd/workflows.argoproj.io
  apply -k manifests/platform/pipelines
  available kubeflow
}

namespace() {
  say "The namespace sevenfold, its runtime and accounts; Prometheus, Alertmanager, Grafana"
  overlay | apply -f -
  available sevenfold-monitoring
}

# The overlay with the predictor's image as it was just built.
overlay() {
  local built
  built=$(python3 -c 'import json; print(json.load(open("build/images.json"))["images"]["serve"])')
  kubectl kustomize manifests/overlays/kind | sed "s#ghcr.io/sevenfold/sevenfold-python-serve:[^ ]*#$built#"
}

storage() {
  say "The right to read bundles, from the keys of Kubeflow's own store"
  local keys=$PWD/build/keys field
  trap 'rm -rf "$keys"' RETURN
  (umask 077 && mkdir -p "$keys")
  for field in accesskey secretkey; do
    kubectl --namespace kubeflow get secret mlpipeline-minio-artifact -o "jsonpath={.data.$field}" | base64 -d >"$keys/$field"
  done
  printf http://seaweedfs.kubeflow:9000 >"$keys/endpoint"
  printf us-east-1 >"$keys/region"
  # The predictors read with it; the pipelines' tasks, to compare with what was promoted and to keep checkpoints.
  for namespace in sevenfold kubeflow; do
    kubectl --namespace "$namespace" create secret generic sevenfold-storage --dry-run=client -o yaml \
      --from-file=AWS_ACCESS_KEY_ID="$keys/accesskey" --from-file=AWS_SECRET_ACCESS_KEY="$keys/secretkey" \
      --from-file=AWS_ENDPOINT_URL="$keys/endpoint" --from-file=AWS_DEFAULT_REGION="$keys/region" \
      | kubectl annotate --local -f - -o yaml serving.kserve.io/s3-endpoint=seaweedfs.kubeflow:9000 \
        serving.kserve.io/s3-usehttps=0 serving.kserve.io/s3-region=us-east-1 \
      | apply -f -
  done
}

ready() {
  say "Ready"
  cat <<'TEXT'
Kubeflow Pipelines   http://localhost:3000
Grafana              http://localhost:3001
Served models        http://localhost:8080, Host: NAME-sevenfold.example.com

Next, with the store reached from here:

  kubectl -n kubeflow port-forward service/seaweedfs 9000 &
  key() { kubectl -n kubeflow get secret sevenfold-storage -o "jsonpath={.data.$1}" | base64 -d; }
  export AWS_ACCESS_KEY_ID=$(key AWS_ACCESS_KEY_ID) AWS_SECRET_ACCESS_KEY=$(key AWS_SECRET_ACCESS_KEY)
  export AWS_ENDPOINT_URL=http://localhost:9000 AWS_DEFAULT_REGION=us-east-1
  sevenfold submit examples/flights/plan.yaml --endpoint http://localhost:3000 --images build/images.json
TEXT
}

list() {
  printf '%s\n' "$NODE_IMAGE" "$REGISTRY_IMAGE" "$CERT_MANAGER" "$ENVOY_GATEWAY" "$PIPELINES_TYPES"
  grep -ho 'https://[^ ]*' manifests/platform/*/kustomization.yaml
  { curl -fsSL "$(file "$CERT_MANAGER")" "$(file "$ENVOY_GATEWAY")"
    for folder in manifests/platform/kserve manifests/platform/pipelines manifests/overlays/kind; do
      kubectl kustomize "$folder"
    done; } | grep -oE "image\"? ?: ?['\"]?[^'\", ]+" | sed -E "s/.*[ '\":]([^ ]+:[^ ]+|[^ ]+)$/\1/" | sort -u
}

down() {
  kind delete cluster --name "$CLUSTER"
  "$ENGINE" rm -f "$CLUSTER-registry"
}

if [ $# -eq 0 ]; then
  # shellcheck disable=SC2086 # one word per step
  set -- $STEPS
fi
for step; do
  case " $STEPS list down overlay " in
    *" $step "*) "$step" ;;
    *) echo "A step must be one of: $STEPS, list, down; but got $step." >&2; exit 2 ;;
  esac
done
