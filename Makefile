# marketsim: `make run` does the main job on the embedded data, `make test` every check.
# Both set up .venv from requirements.lock first, and again only when the lock or pyproject.toml changed.

PYTHON ?= python3
ARGS ?=
# xdist: one worker by core up to this many. JAX and the solvers take threads of their own.
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help run test lint types pytest fast format docs lock clean

help:  ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST))

run: $(READY)  ## the whole job on the embedded data; ARGS="--draws 2000" goes to the command
	$(BIN)/marketsim run $(ARGS)

test: lint types pytest  ## ruff, mypy, and the whole test suite

lint: $(READY)  ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## mypy
	$(BIN)/mypy

pytest: $(READY)  ## every test; ARGS="-k cli" goes to pytest
	$(BIN)/pytest -n $(JOBS) $(ARGS)

fast: $(READY)  ## every test that is not slow
	$(BIN)/pytest -n $(JOBS) -m "not slow" $(ARGS)

format: $(READY)  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## write what pages say of the model and its figures anew
	JAX_ENABLE_X64=1 $(BIN)/python docs/generate.py

lock:  ## resolve requirements.lock afresh (needs uv; hashes only, no address of any index)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --fork-strategy fewest \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade -o requirements.lock

clean:  ## remove the environment and what tools left behind (runs/ stays)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The environment is made afresh when the lock changes: nothing of the old one can linger.
# --no-deps: the lock is complete, so that pip has nothing to resolve.
$(LOCKED): requirements.lock
	@command -v $(PYTHON) >/dev/null || { \
	    echo "marketsim needs Python 3.11 or newer, and there is no '$(PYTHON)'. Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "marketsim needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	    echo "'$(PYTHON)' has no venv module with pip (Debian and Ubuntu: install python3-venv)" >&2; exit 1; }
	@echo "setting up $(VENV) from requirements.lock, about a minute"
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
