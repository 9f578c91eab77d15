# `make demo` shows everything once; `make test` runs the tests. Both make their own environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help demo test test-browser test-shops check lint format types bench clean

help:
	@echo "make demo     see everything once, on a sandbox shop (make demo ARGS=--once ends by itself)"
	@echo "make test     run the tests"
	@echo "make test-browser  look at the dashboard in chromium"
	@echo "make test-shops  the same on real shop servers (needs Node.js 20, npm and, for Medusa, PostgreSQL)"
	@echo "make check    lint, format, types and tests, as CI does"
	@echo "make format   put the code in order"
	@echo "make bench    measure"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Stammkunde needs Python 3.11 or newer: make demo PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV), with what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime
	@$(BIN)/stammkunde demo $(ARGS)

# Two workers more than there are cores: many tests wait for a clock or a socket.
test: $(VENV)/.dev
	$(BIN)/pytest --numprocesses=$$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 2)') --dist=worksteal -m "not browser" $(ARGS)

test-browser: $(VENV)/.dev
	$(BIN)/pytest --numprocesses=auto --dist=worksteal -m browser tests/test_web_browser.py $(ARGS)

SHOPS := tests/real_shops

NPM_INSTALL = ci
# Optional packages for other systems are not in its lockfile wherever the registry had none, which `npm ci` refuses.
$(SHOPS)/medusa/node_modules/.installed: NPM_INSTALL = install --no-save

$(SHOPS)/%/node_modules/.installed: $(SHOPS)/%/package-lock.json $(SHOPS)/%/package.json
	@command -v npm >/dev/null || { echo "make test-shops needs Node.js 20 or newer and npm."; exit 2; }
	@echo "Installing the shop $* ..."
	@cd $(SHOPS)/$* && npm $(NPM_INSTALL) --ignore-scripts --loglevel=error
	@touch $@

test-shops: $(VENV)/.dev $(SHOPS)/vendure/node_modules/.installed $(SHOPS)/medusa/node_modules/.installed
	VENDURE_DISABLE_TELEMETRY=true $(BIN)/pytest --numprocesses=0 -m shops $(SHOPS) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev
	$(BIN)/mypy

check: lint types test

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
