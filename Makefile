# The one door: make run | make test | make lint | make check | make evaluate | make fit | make bench | make bench-load
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cksum < pyproject.toml | cut -d' ' -f1)

.DEFAULT_GOAL := help
.PHONY: help setup run test lint check evaluate fit bench bench-load lock sbom clean
PIN := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"

help:
	@echo "make run       set up and serve the chat page on http://127.0.0.1:8000/"
	@echo "make test      set up and pass every test"
	@echo "make lint      ruff, mypy, bandit"
	@echo "make check     the knowledge base: format, law articles, wording"
	@echo "make evaluate  right / offered / wrong / missed on our own questions, with a report"
	@echo "make fit       fit every weight and threshold anew"
	@echo "make bench     speed, beside the peers"
	@echo "make bench-load  a real service under load: three channels on SQLite and with replicas, memory, a growing log (a quarter of an hour)"
	@echo "make lock      pin every dependency with its hashes: deploy/*.lock (UPGRADE=--upgrade for newer ones)"
	@echo "make sbom      what a release is made of: deploy/sbom.cdx.json, docs/licences.md"

setup: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make run PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || { echo "== creating the virtual environment in $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "== installing the dependencies (a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@rm -f $(VENV)/.installed-* && touch $@

config.yaml:
	@echo "== no config.yaml yet: copying config.example.yaml"
	@cp config.example.yaml config.yaml

run: setup config.yaml
	@echo "== starting (Ctrl+C stops)"
	@$(BIN)/fawen serve

test: setup lint
	@echo "== fawen check"
	@$(BIN)/fawen check
	@echo "== the test suite"
	@$(BIN)/python -m pytest -n auto --dist loadfile -q

lint: setup
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== bandit"
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive bot intents deploy 2>$(VENV)/bandit.log || { tail -5 $(VENV)/bandit.log; exit 1; }

check: setup
	@$(BIN)/fawen check

evaluate: setup
	@$(BIN)/fawen evaluate --report out/evaluation.html

fit: setup
	@$(BIN)/fawen fit

bench: setup
	@$(BIN)/python -m bench

# a rate that is not reached does not keep the others from being measured, but the target fails
bench-load: setup
	@failed=0; \
	$(BIN)/python -m bench.mixed --rate 200 400 500 --seconds 15 || failed=1; \
	$(BIN)/python -m bench.mixed --replicas --rate 200 400 --seconds 15 || failed=1; \
	$(BIN)/python -m bench.memory 100000 || failed=1; \
	$(BIN)/python -m bench.growth 10000 100000 1000000 || failed=1; \
	exit $$failed

# no address of a package index is written: each place uses its own
lock: setup
	@$(PIN) $(UPGRADE) --extra postgres --extra encoder pyproject.toml -o deploy/requirements.lock
	@$(PIN) $(UPGRADE) --extra dev pyproject.toml -o deploy/requirements-dev.lock
	@echo "hatchling>=1.27" | $(PIN) $(UPGRADE) - -o deploy/build.lock

sbom: setup
	@$(BIN)/python -m deploy.sbom

clean:
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis out
