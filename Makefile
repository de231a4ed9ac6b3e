# make campaign | test | check | fix | docs | bench | chaos | mace | sevennet | mattersim
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

.PHONY: campaign test check fix docs bench chaos mace sevennet mattersim

campaign: $(READY)  ## Screen a real campaign, generated here, and print the ranked table.
	$(BIN)/python examples/make_campaign.py --out $(OUT)
	$(BIN)/facet screen $(OUT)/candidates.extxyz --reference $(OUT)/reference.jsonl \
		--controls $(OUT)/controls.json --html $(OUT)/report.html

# Some tests kill workers and servers; what fails beside another process has to pass alone.
test: $(READY)  ## Run the tests.
	$(BIN)/python -m pytest -n 2 --dist loadfile || \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

check: $(READY)  ## Lint, format, types, import contracts, spelling.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build -q

fix: $(READY)  ## Mend what can be mended by a program.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)  ## Build the documentation into build/site; a broken link is an error.
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build -q

bench: $(READY)  ## Run the benchmarks.
	$(BIN)/python benchmarks/potential.py

chaos: $(READY)  ## Kill workers and the database at random; nothing may be lost.
	$(BIN)/python benchmarks/chaos.py

mace: .venv-mace/.ready  ## Build .venv-mace with MACE-MP-0 small; MACE_WEIGHTS=/path takes that file.
	.venv-mace/bin/python benchmarks/fetch_weights.py mace .venv-mace/mace_mp_small.model \
		$(if $(MACE_WEIGHTS),--given "$(MACE_WEIGHTS)")

sevennet: .venv-sevennet/.ready  ## Build .venv-sevennet with SevenNet-0, for the benchmarks.

mattersim: .venv-mattersim/.ready  ## Build .venv-mattersim with MatterSim-5M, for the benchmarks.
	.venv-mattersim/bin/python benchmarks/fetch_weights.py mattersim .venv-mattersim/mattersim-v1.0.0-5M.pth

# Another potential has an environment of its own, pinned as a whole; Facet joins it.
# Pins that `facet env` needs are packaged; the others serve benchmarks only.
.venv-mace/.ready: workflows/environments/mace.txt
.venv-sevennet/.ready: benchmarks/environments/sevennet.txt
.venv-mattersim/.ready: benchmarks/environments/mattersim.txt
.venv-mace/.ready .venv-sevennet/.ready .venv-mattersim/.ready: .venv-%/.ready:
	test -x .venv-$*/bin/python || $(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install -q --disable-pip-version-check $(TORCH)
	.venv-$*/bin/python -m pip install -q --disable-pip-version-check --no-deps -r $<
	.venv-$*/bin/python -m pip install -q --disable-pip-version-check --no-deps -e .
	touch $@

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Facet needs Python 3.11 or 3.12; install one, or run make PYTHON=/path/to/it."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	# torch by itself first, so that a machine without a GPU does not fetch CUDA.
	$(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[embedded,serve,phonons,docs,dev]'
	touch $(READY)
