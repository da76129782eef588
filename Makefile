# Two commands do all the set-up: `make demo` (the main job) and `make test` (all checks and tests).
# Needed: python3 of 3.11 or newer and a package registry. PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests

.PHONY: demo test nightly check clean

demo: $(VENV)/demo-installed
	$(BIN)/python -m cloudsim run +experiment=spot_preemption output_dir=runs/demo

test: check
	$(BIN)/python -m pytest -n 2 $(TESTS)

# What takes minutes: times and figures of the models that come with the program, on an otherwise idle machine.
nightly: $(VENV)/test-installed
	$(BIN)/python -m pytest -m nightly $(TESTS)

check: $(VENV)/test-installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cloudsim needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e .
	touch $@

$(VENV)/test-installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[model,outside,test]"
	touch $@ $(VENV)/demo-installed
