#!/bin/sh
# Install the requirements of some extras at the pinned versions, with byte code, and note what is there:
#   install.sh EXTRA...      TORCH and TORCH_BACKEND in the environment, if torch is among them
# Runs while an image is built. uv is mounted at /mnt/tools, its cache at /mnt/cache; neither stays in the image.
set -eu
home=/opt/sevenfold
extras=$(printf -- '--extra %s ' "$@")
set -- --python "$home/bin/python" --constraints "$home/constraints.txt" --compile-bytecode
backend=${TORCH_BACKEND:-}
for wheels in /wheels /mnt/wheels; do
  if [ -d "$wheels" ]; then set -- "$@" --find-links "$wheels"; fi
  # A torch that lies here is taken before any index.
  for wheel in "$wheels"/torch-*.whl; do if [ -e "$wheel" ]; then backend=; fi; done
done
if [ -n "$backend" ]; then set -- "$@" --torch-backend "$backend"; fi
# Not in constraints.txt, for each of its builds has its own hash.
if [ -n "${TORCH:-}" ]; then set -- "$@" "$TORCH"; fi
# shellcheck disable=SC2086 # one word per extra
/mnt/tools/uv pip install "$@" --requirements "$home/pyproject.toml" $extras
/mnt/tools/uv pip freeze --python "$home/bin/python" >"$home/installed.txt"
rm -f "$home/.lock" /tmp/uv-*.lock
