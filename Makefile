# Each target makes .venv where there is none and installs, by hash, what requirements.txt lists for it, then the project,
# editable: by uv where it is on the PATH, else by pip, which need not compile to bytecode what may never be imported.
PYTHON ?= python3
ARGS ?=
WORKERS ?= 2
VENV := .venv
RUN := $(VENV)/bin/python
UV := $(shell command -v uv 2>/dev/null)
MAKE_VENV := $(if $(UV),uv venv --quiet --allow-existing --python $(PYTHON),$(PYTHON) -m venv)
INSTALL := $(if $(UV),uv pip install --python $(RUN),$(RUN) -m pip install --no-compile) --quiet --no-deps
# The entries of an environment, of which pip and uv take nothing but files with these hashes.
LISTED = awk -v name=$(1) '{ entry = entry $$0 "\n" } !/\\$$/ { if ($$0 ~ "[\# ]" name "( |$$)") printf "%s", entry; entry = "" }'
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PRECIOUS: $(VENV)/requirements-%.txt
.PHONY: sobol test arrays lowest lint types doctests bench mutants docs wheel pins clean

sobol: $(VENV)/.with-base
	$(RUN) -m analyses.sobol $(ARGS)

# WORKERS=0 runs the tests in one process, as a debugger needs it.
test: $(VENV)/.with-test
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# The tests of arrays/ with nothing but what arrays/ may import.
arrays: $(VENV)-arrays/.made
	$(VENV)-arrays/bin/python -m pytest tests/arrays $(ARGS)

# The tests with the lowest versions that pyproject.toml allows.
lowest: $(VENV)-lowest/.made
	$(subst $(RUN),$(VENV)-lowest/bin/python,$(INSTALL)) --no-build-isolation --editable .
	$(VENV)-lowest/bin/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

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

# An hour or two where ARGS does not choose: --part units --share .1.
mutants: $(VENV)/.with-test
	$(RUN) .ci/mutants.py $(ARGS)

docs: $(VENV)/.with-docs
	$(RUN) -m sphinx -W --keep-going -b html docs build/docs

wheel: $(VENV)/.with-base
	rm -rf dist
	$(if $(UV),uv build --python $(RUN) --wheel --out-dir,$(RUN) -m pip wheel --no-deps --wheel-dir) dist --quiet --no-build-isolation .

# After a change of pyproject.toml or constraints.txt; needs uv.
pins:
	$(PYTHON) .ci/pins.py

clean:
	rm -rf $(VENV) $(VENV)-* build dist out docs/reference .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(MAKE_VENV) $(VENV)

$(VENV)/requirements-%.txt: requirements.txt | $(VENV)/bin/python
	$(call LISTED,$*) requirements.txt >$@

# The stamp says that the environment was made of these files; it grows stale with either.
$(VENV)/.with-%: pyproject.toml requirements.txt | $(VENV)/requirements-%.txt
	$(INSTALL) --require-hashes --requirement $(VENV)/requirements-$*.txt
	$(INSTALL) --no-build-isolation --editable .
	@touch $@ $(VENV)/.with-base

$(VENV)-%/.made: requirements.txt
	$(MAKE_VENV) $(VENV)-$*
	$(call LISTED,$*) requirements.txt >$(VENV)-$*/requirements.txt
	$(subst $(RUN),$(VENV)-$*/bin/python,$(INSTALL)) --require-hashes --requirement $(VENV)-$*/requirements.txt
	@touch $@
