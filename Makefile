# For those who want an environment set up for them. Whoever has one does `pip install -e .` and `dvc repro`.

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
# The commands of stages start `python`.
RUN := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
# uv, where it is installed, takes a third of pip's time.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv)
# Where the locale is not UTF-8, DVC would stumble over a folder like "Größe".
export PYTHONUTF8 := 1

# To follow a command: a terminal that closes while DVC writes dvc.lock leaves half of it, and then every command fails.
OR_SAY_REMEDY = || { status=$$?; $(RUN) dvc stage list >/dev/null 2>&1 || \
	echo "If dvc.lock is what fails above: 'git checkout $(1)dvc.lock' brings the last whole one back" >&2; exit $$status; }

.PHONY: study compute replication sweeps tuning best small demo test lint bench readme lock help

## The study
##   make              the whole study on MNIST, or the demonstration where MNIST cannot be had
##   make small        two architectures, four techniques, three seeds on MNIST, in small/: about two minutes
##   make demo         the same idea on the digits inside scikit-learn, in demo/; needs no network
##   make compute      all that is out of date trained at once, on all cores or a cluster, for `dvc repro` to take
study: $(INSTALLED)
	@$(RUN) python -m pipeline.download --probe; status=$$?; \
	if [ $$status -eq 0 ]; then $(RUN) dvc --wait-for-lock repro $(OR_SAY_REMEDY); \
	elif [ $$status -eq 3 ]; then echo "So this is the offline demonstration instead:"; $(RUN) python -m pipeline.demo; \
	else exit $$status; fi

compute: $(INSTALLED)
	@$(RUN) python -m pipeline.train_all $(OR_SAY_REMEDY)

small demo: $(INSTALLED)
	@$(RUN) python -m pipeline.demo $@

## The annexes, each with a page of its own; what Git or the study has is not trained again
##   make replication  the published figures, by the reports' own protocols
##   make sweeps       what the techniques gain with other pairs, weights, labels and comparators
##   make tuning       every technique with the recipe that suits it best
##   make best         the best that 1,000 pairs give
replication sweeps tuning best: $(INSTALLED)
	@$(RUN) python -m pipeline.train_all studies/$@ $(OR_SAY_REMEDY)
	@cd studies/$@ && $(RUN) dvc --wait-for-lock repro $(call OR_SAY_REMEDY,studies/$@/)

## For those who change it
##   make test         style and tests
##   make lint         style alone
##   make bench        how long training takes here
##   make readme       the figures and tables of README.md, from the studies' reports
##   make lock         requirements.lock, from pyproject.toml; needs uv
test: lint
	@$(RUN) python -m pytest

lint: $(INSTALLED)
	@$(RUN) ruff check
	@$(RUN) ruff format --check

bench: $(INSTALLED)
	@$(RUN) python -m benchmarks

readme: $(INSTALLED)
	@$(RUN) python -m pipeline.readme

lock:
	@uv pip compile --quiet --universal --no-annotate --python-version 3.11 --extra dev \
	--custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

## PYTHON=python3.12 make ...: with that Python, the first time
help:
	@sed -n 's/^## //p' Makefile

# Without a Git repository (a copied folder) DVC has to be told; `dvc repro` then works, `dvc exp` needs Git.
$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || \
	{ echo "error: Python 3.11 to 3.14 is needed, and $(PYTHON) is none; try PYTHON=python3.12 make" >&2; exit 1; }
	@echo "Setting up $(VENV): some gigabytes, once"
	@test -x $(VENV)/bin/$(if $(UV),python,pip) || $(if $(UV),uv venv --quiet --clear --python $(PYTHON),$(PYTHON) -m venv --clear) $(VENV)
	@$(if $(UV),uv pip install --python $(VENV)/bin/python,$(VENV)/bin/python -m pip install --disable-pip-version-check) \
	--quiet --requirement requirements.lock --editable .
	@git rev-parse --git-dir >/dev/null 2>&1 || { echo "No Git repository here: dvc is set to do without"; \
	$(VENV)/bin/dvc config --local core.no_scm true; }
	@touch $@
