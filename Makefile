# `make test` and `make demo` need nothing but Python: they set up .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := dicom,nifti,timm,weights,onnx,distributed,test,docs
WORKERS ?= 2

# More threads than cores make torch many times slower than one thread.
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help venv test test-slow coverage demo lint format docs bench clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

venv: $(STAMP)  ## Set up .venv with every extra

# One command, so that pip chooses torch and torchvision together; built for each other, they import.
$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	$(BIN)/python -c "import torch, torchvision"
	touch $@

test: $(STAMP)  ## Run the tests and the doctests of code, guide and README, in minutes
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow"

test-slow: $(STAMP)  ## Run the tests that `make test` leaves out
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m slow tests

coverage: $(STAMP)  ## Run the tests and list the lines that none of them reaches; 95 % is the floor
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal --cov=skmedimg \
		--cov-report=term-missing:skip-covered --cov-fail-under=95

demo: $(STAMP)  ## Compare four models on synthetic scans and write report.html
	$(BIN)/python -m skmedimg compare --demo --repeats 2 --jobs 2 --out report.html

lint: $(STAMP)  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(STAMP)  ## Mend what `make lint` can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)  ## Build the documentation into docs/_build/html; warnings are errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: $(STAMP)  ## Run every benchmark and write bench/results
	$(BIN)/python -m bench

clean:  ## Remove everything that was built, but not .venv
	rm -rf build dist .ci-* docs/_build docs/generated docs/auto_examples docs/tutorials/downloads docs/backbones.md
	rm -rf docs/benchmarks.md docs/benchmarks.svg docs/speed_goals.md docs/sg_execution_times.rst .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
