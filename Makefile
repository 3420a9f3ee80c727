# Everything runs from .venv, which is made from requirements.lock on the first call and again only
# when the lock or pyproject.toml has changed. Needed beforehand: Python 3.11 or newer, make, git.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-frameworks truth check bench lock clean

# The interpreter to make .venv with; empty: the first fitting one of PYTHON_CANDIDATES.
PYTHON ?=
PYTHON_CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
PORT ?= 5000
PYTEST_ARGS ?= -n auto --dist worksteal
LOCK_ARGS ?=
FOLDERS ?=
# Sections of `make bench`, all but scale where none is named: mapping (half a minute), ingest (3
# minutes), queries (8 minutes), crash (6 minutes), scale (queries at ten million events: hours).
BENCH ?=
EVENTS ?= 1000000

BIN := .venv/bin
# A copied or moved folder needs a new .venv, because its scripts hold absolute paths.
FOLDER := $(shell pwd | cksum | cut -d' ' -f1)
STAMP := .venv/.ready-$(FOLDER)

# What only `make test-frameworks` needs: agent frameworks and their tracers, many and large.
FRAMEWORKS_LOCK := tests/frameworks/requirements.lock
FRAMEWORKS_STAMP := .venv-frameworks/.ready-$(FOLDER)

COMPILE = $(BIN)/uv pip compile --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet $(LOCK_ARGS)

# pytest and hypothesis read these; results must be the same on every machine.
unexport CI BUILD_NUMBER PYTEST_ADDOPTS
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make .venv with everything (about a minute, once)

demo: $(STAMP) ## a real agent, traced from end to end (PORT=5000; Ctrl-C stops it)
	@$(BIN)/otel-bridge demo --port $(PORT)

test: check ## lint, types and every test (PYTEST_ARGS='-n 0 tests/test_docs.py' for a part)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-frameworks: $(STAMP) $(FRAMEWORKS_STAMP) ## real frameworks under real tracers (about a minute)
	$(BIN)/python -m pytest tests/frameworks

truth: $(STAMP) ## real spans against what really happened (FOLDERS='captures of your own')
	@$(BIN)/python -m tests.truth tests/captures $(FOLDERS)

check: $(STAMP) ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## measure, and fail where a target is missed (BENCH='ingest queries crash', EVENTS=N)
	$(BIN)/python -m bench $(BENCH) --events $(EVENTS)

lock: $(STAMP) ## write the locks anew from what is required (LOCK_ARGS=--upgrade)
	$(COMPILE) pyproject.toml --all-extras --output-file requirements.lock
	$(COMPILE) pyproject.toml tests/frameworks/requirements.in --output-file $(FRAMEWORKS_LOCK)
	@if grep -n '://' requirements.lock $(FRAMEWORKS_LOCK); then echo 'a lock holds an address'; exit 1; fi

clean: ## remove .venv, caches and build results (databases stay)
	rm -rf .venv .venv-frameworks .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# No stamp: a first, a moved or an interrupted set-up, which starts from nothing. An old stamp: the
# lock or pyproject.toml has changed, and pip brings what is there up to date.
$(STAMP): requirements.lock pyproject.toml
	@found=; chosen=; clear=; \
	for name in $(or $(PYTHON),$(PYTHON_CANDIDATES)); do \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		found=$$name; \
		"$$name" -c 'import ensurepip, venv' 2>/dev/null && chosen=$$name && break; \
	done; \
	if [ -z "$$found" ]; then \
		echo "otel-bridge needs Python 3.11 or newer. None of these is: $(or $(PYTHON),$(PYTHON_CANDIDATES))."; \
		echo "Install one, or name yours: make setup PYTHON=/path/to/python3"; exit 1; \
	elif [ -z "$$chosen" ]; then \
		echo "$$found cannot make virtual environments: its modules venv and ensurepip are missing."; \
		echo "Install them (Debian, Ubuntu: apt install python3-venv), or name another interpreter:"; \
		echo "make setup PYTHON=/path/to/python3"; exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$chosen" --version): about a minute the first time."; \
	[ -e $@ ] || clear=--clear; \
	"$$chosen" -m venv $$clear .venv
	$(BIN)/python -m pip install --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check
	@touch $@

# As above: no stamp means that it starts from nothing.
$(FRAMEWORKS_STAMP): $(FRAMEWORKS_LOCK) | $(STAMP)
	@echo "Setting up .venv-frameworks: about a minute the first time."
	@[ -e $@ ] || $(BIN)/python -m venv --clear .venv-frameworks
	.venv-frameworks/bin/python -m pip install --quiet --require-hashes --requirement $(FRAMEWORKS_LOCK)
	@.venv-frameworks/bin/python -m pip check
	@touch $@
