# make campaign | test | check | fix | bench
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)
TORCH := torch==2.13.0
OUT ?= campaign
export OMP_NUM_THREADS ?= 1

.PHONY: campaign test check fix bench

campaign: $(READY)  ## Screen a real campaign, generated here, and print the ranked table.
	$(BIN)/python examples/make_campaign.py --out $(OUT)
	$(BIN)/facet screen $(OUT)/candidates.extxyz --reference $(OUT)/reference.jsonl \
		--controls $(OUT)/controls.json --html $(OUT)/report.html

test: $(READY)  ## Run the tests.
	$(BIN)/python -m pytest

check: $(READY)  ## Lint, format, types, import contracts, spelling.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

fix: $(READY)  ## Mend what can be mended by a program.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## Run the benchmarks.
	$(BIN)/python benchmarks/potential.py

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Facet needs Python 3.11 or 3.12; install one, or run make PYTHON=/path/to/it."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	# torch by itself first, so that a machine without a GPU does not fetch CUDA.
	$(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[embedded,dev]'
	touch $(READY)
