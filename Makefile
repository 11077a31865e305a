# Each target makes .venv where there is none and installs the project, editable, with the extras it needs.
PYTHON ?= python3
ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: sobol test lint types doctests bench docs wheel clean

sobol: $(VENV)/.with-base
	$(RUN) -m analyses.sobol $(ARGS)

test: $(VENV)/.with-test
	$(RUN) -m pytest $(ARGS)

lint: $(VENV)/.with-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .

types: $(VENV)/.with-lint
	$(RUN) -m mypy $(ARGS)

doctests: $(VENV)/.with-test
	$(RUN) -m pytest --doctest-modules src $(ARGS)

bench: $(VENV)/.with-bench
	$(RUN) -m benchmarks $(ARGS)

docs: $(VENV)/.with-docs
	$(RUN) -m sphinx -W --keep-going -b html docs build/docs

wheel: $(VENV)/.with-base
	rm -rf dist
	$(RUN) -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) build dist out docs/reference .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The stamp says that the extra was installed under these versions; it grows stale with either file.
$(VENV)/.with-base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.with-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --constraint constraints.txt --editable ".[$*]"
	@touch $@ $(VENV)/.with-base
