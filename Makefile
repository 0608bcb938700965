# For those who want an environment set up for them. Whoever has one does `pip install -e .` and `dvc repro`.

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
# The commands of stages start `python`.
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
# Where the locale is not UTF-8, DVC would stumble over a folder like "Größe".
export PYTHONUTF8 := 1

.PHONY: study compute replication sweeps tuning demo test lint bench readme help

## make              the whole study on MNIST, or the demonstration where MNIST cannot be had
study: $(INSTALLED)
	@$(RUN) python -m pipeline.download --probe; status=$$?; \
	if [ $$status -eq 0 ]; then $(RUN) dvc repro; \
	elif [ $$status -eq 3 ]; then echo "So this is the offline demonstration instead:"; $(RUN) python -m pipeline.demo; \
	else exit $$status; fi

## make compute      all that is out of date trained at once, on all cores or a cluster, for `dvc repro` to take
compute: $(INSTALLED)
	@$(RUN) python -m pipeline.compute

## make replication  the published figures, by the reports' own protocols
## make sweeps       accuracy against aux_weight and training pairs; what techniques are worth in pairs
## make tuning       every technique with the recipe that suits it best; what choosing on test pairs buys
COST_replication := 35 published rows and their departures from the study, 2,155 runs: about 90 minutes
COST_sweeps := 1,680 runs: about 40 minutes
COST_tuning := 1,519 runs, many of more epochs than the study's: about 95 minutes
replication sweeps tuning: $(INSTALLED)
	@echo "$(COST_$@) on two cores, the first time; what Git or the study has is not trained again"
	@$(RUN) python -m pipeline.compute studies/$@/dvc.yaml
	@$(RUN) dvc repro --allow-missing studies/$@/dvc.yaml

## make demo         a small study on the digits inside scikit-learn, in demo/; needs no network
demo: $(INSTALLED)
	@$(RUN) python -m pipeline.demo

## make test         style and tests
test: lint
	@$(RUN) python -m pytest

## make lint         style alone
lint: $(INSTALLED)
	@$(RUN) ruff check
	@$(RUN) ruff format --check

## make bench        how long training takes here
bench: $(INSTALLED)
	@$(RUN) python -m benchmarks

## make readme       the figures and tables of README.md, from reports/
readme: $(INSTALLED)
	@$(RUN) python -m pipeline.readme

help:
	@sed -n 's/^## //p' Makefile
	@echo "PYTHON=python3.12 make ...: with that Python, the first time"

# Without a Git repository (a copied folder) DVC has to be told; `dvc repro` then works, `dvc exp` needs Git.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
	{ echo "error: Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is none; try PYTHON=python3.12 make" >&2; exit 1; }
	@echo "Setting up $(VENV): some gigabytes, once"
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@git rev-parse --git-dir >/dev/null 2>&1 || { echo "No Git repository here: dvc is set to do without"; \
	$(VENV)/bin/dvc config --local core.no_scm true; }
	@touch $@
