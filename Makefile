# Two commands: `make paper` builds the article, `make test` runs the tests.
# Everything else is `paper --help` (in .venv/bin once either has run).
PYTHON ?= python3
VENV   := .venv
PIP    := $(VENV)/bin/python -m pip --disable-pip-version-check

# Neighbouring tests stay on one core, where what a module has built is theirs, until another core has nothing to do.
CORES  := -n auto --dist worksteal

.PHONY: paper test test-all fuzz coverage lint verify lock clean
.DELETE_ON_ERROR:

# The module, not the script beside it: the script's first line names this folder, and not every name fits there.
paper: $(VENV)/.paper
	@$(VENV)/bin/python -m paperbuild build

test: $(VENV)/.test
	@echo "the tests without the slow ones; make test-all runs these too, one of them: $(VENV)/bin/python -m pytest -m slow FILE"
	@$(VENV)/bin/python -m pytest $(CORES) -m "not slow"

# With the slow ones: every declared range, every variant, free surroundings, half an hour on two cores.
test-all: $(VENV)/.test
	@$(VENV)/bin/python -m pytest $(CORES)

# Ten thousand damaged files and typed texts of every kind that is read, a quarter of an hour (N= for another number).
N ?= 10000
fuzz: $(VENV)/.test
	@PAPERBUILD_FUZZ=$(N) $(VENV)/bin/python -m pytest $(CORES) -rP -k "damaged or typed_are_refused" \
	    tool/tests/build/test_fuzz.py tests/borderland/study/test_claims.py

# Which lines of the tool no test runs, child processes and kernels counted, held to the share in pyproject.toml.
coverage: $(VENV)/.test
	@$(VENV)/bin/python tool/tests/measure.py $(CORES) -m "not slow" tool/tests

lint: $(VENV)/.test
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@said=$$($(VENV)/bin/python -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo) || { echo "$$said"; exit 1; }
	@$(VENV)/bin/python -m mypy --no-error-summary

verify: $(VENV)/.paper
	@$(VENV)/bin/python -m paperbuild verify

# The two packages of this repository are found by way of a file of paths, one a line.
$(VENV)/bin/python:
	@"$(PYTHON)" -c 'import os, sys; sys.exit("\n" in os.getcwd() and "make: the name of this folder holds a line break, which Python cannot look up packages in; rename the folder")'
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: Python 3.11 or newer is needed, found %d.%d; name another with PYTHON=/path/to/python3.x" % sys.version_info[:2])'
	@"$(PYTHON)" -m venv $(VENV)

# --no-compile: Python compiles what is imported when it is imported; the rest costs time and space for nothing.
$(VENV)/.paper: requirements.lock pyproject.toml tool/pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) from requirements.lock (once, about a minute)"
	@$(PIP) install --quiet --no-compile --require-hashes --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable tool --editable .
	@touch $@

$(VENV)/.test: requirements-test.lock $(VENV)/.paper
	@echo "adding the test tools from requirements-test.lock"
	@$(PIP) install --quiet --no-compile --require-hashes --requirement requirements-test.lock
	@touch $@

# For maintainers: resolve pyproject.toml anew (needs uv). Hashes only, no addresses, one version for every Python.
# The tool ships the part of it that a new paper needs (paper init). Extras stay named: pip takes no pin without
# them for a requirement that asks for one, as soon as a newer version is out.
UV_COMPILE := uv pip compile --quiet --universal --no-strip-extras --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-package paperbuild
NEW_PAPER  := tool/src/paperbuild/templates/paper
lock:
	@$(UV_COMPILE) pyproject.toml tool/pyproject.toml --output-file requirements.lock
	@$(UV_COMPILE) pyproject.toml tool/pyproject.toml --extra test --extra scale --constraint requirements.lock --output-file requirements-test.lock
	@$(UV_COMPILE) tool/pyproject.toml --constraint requirements.lock --output-file $(NEW_PAPER)/requirements.lock
	@echo pytest | $(UV_COMPILE) - --constraint requirements-test.lock --output-file $(NEW_PAPER)/requirements-test.lock
	@{ sed '/^  - pip:/q' environment.yml; \
	   sed -nE 's/^([][a-zA-Z0-9._,-]+==[^\\]*[^ \\]) *\\?$$/      - \1/p' requirements.lock; \
	   echo '      - --editable ./tool'; echo '      - --editable .'; } > environment.yml.new && mv environment.yml.new environment.yml

clean:
	@rm -rf build _output
