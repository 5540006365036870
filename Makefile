# `make` alone tells what can be done.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PAGE := services/api/dashboard
PAGE_SOURCE := contracts/reasons.json $(PAGE)/package-lock.json $(shell find $(PAGE) -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -print 2>/dev/null)
WITH_NODE := PATH="$(CURDIR)/.venv/bin:$$PATH"
SLOW_CORES ?= 2

.PHONY: help setup run test check lint types arrows schemas unit page page-test bench bench-distributed bench-verdict bench-spikes train faults browser servers servers-stop server-files lock clean

help: ## what can be done here
	@echo "Webcare: every mention in, a verdict on each, a spike noticed in minutes, the right person woken."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo
	@echo "Begin with: make run"

setup: .venv/.runtime $(PAGE)/dist/index.html ## everything that running it needs; leaves .venv/bin/webcare

run: setup ## a rehearsed crisis in your browser, then it stays up for use
	$(BIN)/webcare up --rehearse

test: .venv/.dev $(PAGE)/dist/index.html browser server-files check-static page-test ## every test there is
	$(BIN)/python -m pytest -n $(SLOW_CORES) --dist loadfile

check: .venv/.dev check-static unit page-test ## lint, types, arrows, schemas and the quick tests: before every commit

.PHONY: check-static
check-static: lint types arrows schemas

lint: .venv/.dev ## style and likely mistakes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev ## strict types
	$(BIN)/mypy

arrows: .venv/.dev ## who may import whom
	$(BIN)/lint-imports --no-cache

schemas: .venv/.dev ## events stay readable: generated schemas, no breaking change
	$(BIN)/python -m webcare.schemas --check

unit: .venv/.dev ## the quick tests
	$(BIN)/python -m pytest -n $(SLOW_CORES) --dist loadfile -m "not slow and not browser and not servers"

page: $(PAGE)/dist/index.html ## build the dashboard page

page-test: .venv/.node
	cd $(PAGE) && $(WITH_NODE) npm ci --silent && $(WITH_NODE) npm test --silent

bench: .venv/.dev ## figures against limits, from one run
	$(BIN)/python -m benchmarks

bench-distributed: .venv/.peers server-files ## the distributed form beside limits and peers
	$(BIN)/python -m benchmarks.distributed

bench-verdict: .venv/.peers ## verdicts a second on one core, beside limits and peers
	$(BIN)/python -m benchmarks.verdict

bench-spikes: .venv/.dev ## the spike step: cost, memory, false pages and delays on simulated streams
	$(BIN)/python -m benchmarks.spikes

train: .venv/.runtime ## the shipped model anew from the shipped rows; the same rows give the same bytes
	$(BIN)/webcare train --out services/classify/models/$(MODEL) --date $(TRAINED)

MODEL ?= dutch-1
TRAINED ?= 2026-11-22
FAULTS ?=

faults: .venv/.dev server-files ## kill everything while messages flow, and count
	$(BIN)/python -m tests.crash.faults $(FAULTS)

browser: ## Chromium for the browser tests, from Debian
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium; } \
	  || { echo "The browser tests need Chromium: apt-get install chromium" >&2; exit 1; }

servers: .venv/.dev ## a real Kafka, PostgreSQL and Elasticsearch on this machine, without Docker
	@$(BIN)/python -m servers start

servers-stop: .venv/.dev ## stop them
	@$(BIN)/python -m servers stop

server-files: .venv/.dev
	@$(BIN)/python -m servers fetch

COMPILE = $(BIN)/uv pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11

lock: .venv/.uv ## pin what we depend on anew
	$(COMPILE) pyproject.toml --group build -o requirements.lock
	$(COMPILE) -c requirements.lock pyproject.toml --group build --group dev -o requirements-dev.lock
	$(COMPILE) --group node -o requirements-node.lock
	$(COMPILE) --group bench -o requirements-bench.lock
	$(COMPILE) --group uv -o requirements-uv.lock

clean: ## take away what was built here
	rm -rf .venv $(PAGE)/dist $(PAGE)/node_modules build *.egg-info

.venv/.uv: requirements-uv.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/.runtime: .venv/.uv requirements.lock pyproject.toml
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.lock
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

# The peers pin what we pin otherwise: they live apart.
.venv/.peers: .venv/.dev requirements-bench.lock
	$(BIN)/uv venv -q --clear --python $(BIN)/python .venv/peers
	$(BIN)/uv pip install -q --python .venv/peers/bin/python --require-hashes -r requirements-bench.lock
	@touch $@

.venv/.node: .venv/.uv requirements-node.lock
	@if node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then :; \
	  else $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-node.lock; fi
	@touch $@

$(PAGE)/dist/index.html: .venv/.node $(PAGE_SOURCE)
	cd $(PAGE) && $(WITH_NODE) npm ci --silent && $(WITH_NODE) npm run --silent build
	@touch $@
