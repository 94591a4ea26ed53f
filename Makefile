# The commands of this project. PYTHON names the interpreter (3.11 or newer).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test check bench clean

# A virtual environment with everything that tests, checks and the demo need.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

# Start the local provider and the example app. ONCE=1 signs in by itself, prints each step, and ends.
demo: $(READY)
	$(BIN)/python examples/demo.py $(if $(ONCE),--once)

# Run all tests; what the machine lacks is skipped with its reason.
test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# Style, types, floors, and the protocol's branches.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typing
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/protocol -q -n auto -p no:flask_oauth --cov --cov-report=term:skip-covered --cov-fail-under=100

# Measure against peers. QUICK=1 takes under a minute.
bench: $(READY)
	$(BIN)/python benchmarks/run.py $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
