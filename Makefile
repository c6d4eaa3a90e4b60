# Every target makes what it needs first, from a bare clone. `make` alone tells them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
PYTHON ?= python3
PY := .venv/bin/python

# Where this is set, every start would compile thousands of modules again, 6 s each time; empty means off.
export PYTHONDONTWRITEBYTECODE :=

SEEDS ?= 500
FIRST ?= 0
TEXTS ?= 100000
RACES ?= 100000
KILLS ?= 20
COMMENTS ?= 100000
FAULTS ?= 100
DATA ?=
ARRIVALS ?=
ARGS ?=
# One more process than the smallest machine has cores: many tests wait, for brokers and for processes of their own.
WORKERS ?= 3

.PHONY: help setup demo test lint format sim hostile mutants kill chaos bench docs lock clean

help: ## tell what there is
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: .venv/.runtime ## make the environment, as pinned

demo: .venv/.runtime ## watch the engine work: a shop, a script, viewers (ARGS="--plain --seconds 20")
	@.venv/bin/livechat demo $(ARGS)

test: .venv/.dev ## all tests, 500 simulation seeds included (ARGS="-k name")
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: .venv/.dev ## ruff, format, types, layers
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

format: .venv/.dev ## let ruff write what it can
	@.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

sim: .venv/.dev ## the simulation alone (SEEDS=500 FIRST=0)
	@$(PY) -m tests.simulation --seeds $(SEEDS) --first $(FIRST)

hostile: .venv/.dev ## 100,000 hostile texts and as many races of prices (TEXTS=100000 RACES=100000)
	@$(PY) -m tests.hostile --texts $(TEXTS) --races $(RACES)

mutants: .venv/.dev ## put bugs into a copy, one at a time: the suite has to notice each (ARGS="--only deadline --jobs 2"); some five minutes on two quiet cores
	@$(PY) -m tests.mutation $(ARGS)

kill: .venv/.dev ## kill -9 the writer under load, and count (KILLS=20)
	@LIVECHAT_KILLS=$(KILLS) $(PY) -m pytest -m process -k kill tests/process $(ARGS)

chaos: .venv/.dev ## faults on a real Kafka under load, some 15 minutes, then a check of the whole log (COMMENTS=100000 FAULTS=100)
	@$(PY) -m tests.kafka.chaos --comments $(COMMENTS) --faults $(FAULTS) $(ARGS)

# A benchmark prints a table and takes `--json OUT`; one that reads data from outside the project also takes `--data PATH` or `--arrivals PATH`.
bench: .venv/.dev ## all benchmarks that need no other data; the rest too with DATA=path and ARRIVALS=path
	@mkdir -p bench/out; status=0; \
	for file in $$(grep -lE -- '"--json"' bench/*.py); do \
	  name=$$(basename $$file .py); more=(); \
	  case $$name in arrivals) more=(examples/tea-shop/live.jsonl);; esac; \
	  if grep -qE -- '"--data"' $$file; then \
	    if [ -z "$(DATA)" ]; then echo "== $$name: left out, it needs DATA=path"; continue; fi; \
	    more=(--data "$(DATA)"); \
	  fi; \
	  if grep -qE -- '"--arrivals"' $$file; then \
	    if [ -z "$(ARRIVALS)" ]; then echo "== $$name: left out, it needs ARRIVALS=path"; continue; fi; \
	    more=(--arrivals $(ARRIVALS)); \
	  fi; \
	  echo "== $$name"; $(PY) -m bench.$$name "$${more[@]}" --json bench/out/$$name.json $(ARGS) || status=1; \
	done; exit $$status

docs: .venv/.dev ## write schemas/, the generated pages of docs/, and the dashboards
	@$(PY) -m engine.reference && $(PY) -m ops.grafana

lock: .venv/.dev ## pin anew what pyproject.toml asks for (ARGS="--upgrade")
	@compile=".venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(ARGS)"; \
	$$compile --group build pyproject.toml --output-file requirements.lock && \
	$$compile --extra otel --constraint requirements.lock pyproject.toml --output-file requirements-otel.lock && \
	$$compile --group dev --constraint requirements-otel.lock --output-file requirements-dev.lock

clean: ## remove what was made here
	@rm -rf .venv var bench/out dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/.runtime: requirements.lock requirements-uv.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup runtime
	@touch $@

.venv/.dev: requirements.lock requirements-otel.lock requirements-dev.lock requirements-uv.lock pyproject.toml .ci/setup
	@PYTHON="$(PYTHON)" .ci/setup dev
	@touch .venv/.runtime $@
