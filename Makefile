# Two commands matter: `make demo` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test unit check interop format bench serve contracts clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.server: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[server]'
	@touch $@

$(VENV)/.all: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[all]'
	@touch $@ $(VENV)/.server

contracts/node_modules/.package-lock.json: contracts/package-lock.json
	@if command -v npm >/dev/null; then npm install --prefix contracts --no-save --no-audit --no-fund --silent; else echo 'npm is missing: tests against a real node are skipped'; fi

tests/interop/node_modules/.package-lock.json: tests/interop/package.json
	@if command -v npm >/dev/null; then npm install --prefix tests/interop --no-save --no-audit --no-fund --silent; else echo 'npm is missing: verifiers in JavaScript are not run'; fi

setup: $(VENV)/.all contracts/node_modules/.package-lock.json tests/interop/node_modules/.package-lock.json  ## create .venv with everything that developers need (several GB: torch)

demo: $(VENV)/.server  ## register, misuse, find again, verify: on real images, with no account, weights or server
	$(BIN)/python -m scripts.demo --out demo-out

test: setup  ## all tests, with the coverage floor
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=
	$(BIN)/coverage report --skip-covered --show-missing --fail-under=90 \
	  --include='provenance/core/*,provenance/usecases/*,provenance/watermark/*,provenance/credentials/*'

unit: setup  ## the fast tests only
	$(BIN)/pytest -n $(WORKERS) -m 'not slow and not integration'

check: setup  ## ruff, mypy --strict, import-linter, docs checks, contract artifacts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.check_docs
	@if [ -d contracts/node_modules ]; then node contracts/build.mjs --check; fi

interop: setup  ## register artworks and hold every claim about them against other people's verifiers
	$(BIN)/python -m scripts.interop

format: setup  ## let ruff write the format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## the service's throughput; see scripts/bench/ for the others
	$(BIN)/python -m scripts.bench.spine --works 1000

serve: $(VENV)/.server  ## the HTTP service on 127.0.0.1:8000
	$(BIN)/provenance serve

contracts: contracts/node_modules/.package-lock.json  ## recompile the Solidity sources into contracts/artifacts
	node contracts/build.mjs

clean:  ## remove everything that can be made again
	rm -rf $(VENV) demo-out bench-out contracts/node_modules tests/interop/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
