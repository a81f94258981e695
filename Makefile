# make run      the flights example, all seven stages, on this machine
# make test     lint, types, import rules and every test
# make soak     the tests of faults, COUNT=20 times each, 10 000 generated requests, 20 000 tables, 10 000 more as other tools write them, 2 000 histories of OpenRefine, and the long ones, most on a cluster
# make check    lint, types and import rules alone
# make compile  the example's pipeline as the YAML Kubeflow runs
# make images   an image per kind of work, with docker, podman or buildah; PUSH=1 pushes them
# make kind     a local cluster with Kubeflow Pipelines, KServe and Prometheus
# make constraints  pin every dependency anew
# make help     this list

.PHONY: help run test soak check compile images kind constraints clean
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3 2>/dev/null))
VENV ?= .venv
COUNT ?= 20
BIN := $(VENV)/bin
# The folder of wheels that pip or uv is set to use comes first.
UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_FIND_LINKS
# Not in constraints.txt: its CPU build comes from several indexes, each with a hash of its own.
TORCH := torch==2.13.0
# Its protocol types, for a test: the package itself asks for `tensorflow`, which is `tensorflow-cpu` here.
SERVING_TYPES := tensorflow-serving-api==2.21.0
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraints constraints.txt
SOURCES := pyproject.toml constraints.txt $(shell find components pipelines -not -name '*.pyc' -type f)
FLIGHTS := examples/flights/flights.csv

help:
	@sed -n 's/^# //p' Makefile

run: $(VENV)/.local $(FLIGHTS)
	@$(BIN)/sevenfold run examples/flights/plan.yaml

# A worker per core, up to four; the tests of a cluster share one, so they run one after the other.
test: check
	@$(BIN)/pytest -m 'not cluster and not extended' --numprocesses logical --maxprocesses 4 --dist worksteal; \
	status=$$?; $(BIN)/pytest -m 'cluster and not extended' && exit $$status

soak: $(VENV)/.dev
	@$(BIN)/pytest -m 'soak or extended' --soak $(COUNT)

check: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@cd $(VENV) && bin/mypy --config-file ../pyproject.toml --package sevenfold
	@$(BIN)/lint-imports --no-logo

compile: $(VENV)/.local
	@$(BIN)/sevenfold compile examples/flights/plan.yaml --out build/flights.pipeline.yaml

images:
	@$(PYTHON) docker/build.py $(if $(PUSH),--push)

kind:
	@manifests/kind.sh

$(FLIGHTS): examples/flights/flights.py | $(VENV)/.local
	@$(BIN)/python examples/flights/flights.py $@

$(BIN)/uv:
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.torch: | $(BIN)/uv
	@echo "Installing PyTorch: about 200 MB as the CPU build, 4 GB where only the standard one can be had"
	@if [ -n "$(UV_FIND_LINKS)" ]; then $(INSTALL) $(TORCH); \
	else $(INSTALL) --torch-backend cpu $(TORCH) 2>/dev/null || $(INSTALL) $(TORCH); fi
	@touch $@

$(VENV)/.local: $(SOURCES) $(VENV)/.torch
	@echo "Installing Sevenfold and what its stages run: about 350 MB the first time"
	@$(INSTALL) --editable '.[local,examples]'
	@touch $@

$(VENV)/.dev: $(SOURCES) $(VENV)/.torch
	@echo "Installing Sevenfold and what its tests need: about 900 MB the first time"
	@$(INSTALL) --editable '.[local,notebook,openrefine,ray,tensorflow,vertex,dev,bench]'
	@$(INSTALL) --no-deps $(SERVING_TYPES)
	@touch $@ $(VENV)/.local

constraints: $(BIN)/uv
	@echo $(TORCH) > $(VENV)/torch.txt
	@UV_FIND_LINKS= $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --no-emit-package torch \
	  --constraints $(VENV)/torch.txt pyproject.toml --output-file constraints.txt

clean:
	rm -rf $(VENV) build runs $(FLIGHTS)
