# Each target makes .venv where there is none and installs the project, editable, with the extras it needs: by uv where
# it is on the PATH, else by pip, which need not compile to bytecode what may never be imported.
PYTHON ?= python3
ARGS ?=
WORKERS ?= 2
VENV := .venv
RUN := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)
MAKE_VENV := $(if $(UV),uv venv --quiet --allow-existing --python $(PYTHON),$(PYTHON) -m venv)
INSTALL := $(if $(UV),uv pip install --python $(RUN),$(RUN) -m pip install --no-compile) --quiet --constraint constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: sobol test arrays lint types doctests bench mutants docs wheel clean

sobol: $(VENV)/.with-base
	$(RUN) -m analyses.sobol $(ARGS)

# WORKERS=0 runs the tests in one process, as a debugger needs it.
test: $(VENV)/.with-test
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# The tests of arrays/ with nothing but what arrays/ may import.
arrays: $(VENV)-arrays/.made
	$(VENV)-arrays/bin/python -m pytest tests/arrays $(ARGS)

lint: $(VENV)/.with-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) tests/public_docstrings.py

types: $(VENV)/.with-lint
	$(RUN) -m mypy $(ARGS)

doctests: $(VENV)/.with-test
	$(RUN) -m pytest --doctest-modules src $(ARGS)

bench: $(VENV)/.with-bench
	$(RUN) -m benchmarks $(ARGS)

# Hours where ARGS does not choose: --part units --most 40.
mutants: $(VENV)/.with-test $(VENV)/.with-mutants
	$(RUN) .ci/mutants.py $(ARGS)

docs: $(VENV)/.with-docs
	$(RUN) -m sphinx -W --keep-going -b html docs build/docs

wheel: $(VENV)/.with-base
	rm -rf dist
	$(if $(UV),uv build --quiet --wheel --out-dir dist,$(RUN) -m pip wheel --quiet --no-deps --wheel-dir dist .)

clean:
	rm -rf $(VENV) $(VENV)-arrays build dist out docs/reference .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(MAKE_VENV) $(VENV)

# The stamp says that the extra was installed under these versions; it grows stale with either file.
$(VENV)/.with-base: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.with-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable ".[$*]"
	@touch $@ $(VENV)/.with-base

$(VENV)-arrays/.made: constraints.txt
	$(MAKE_VENV) $(VENV)-arrays
	$(subst $(RUN),$(VENV)-arrays/bin/python,$(INSTALL)) numpy scipy pytest hypothesis
	@touch $@
