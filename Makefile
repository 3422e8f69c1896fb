# Every target does its own set-up: system libraries where apt can bring them, then .venv from uv.lock.

PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv/bin

# check(name, command): a failed check ends `make test`, and the last line says that pytest was not reached.
check = @echo "$(1)"; $(2) || { echo "make test: stopped at $(1); pytest did not run" >&2; exit 1; }

.DEFAULT_GOAL := run
.PHONY: run test test-card lint format setup setup-dev benchmark screenshots gallery project-file experiments

run: setup  ## train XOR before your eyes
	@$(VENV)/python -m netviz --demo

test: lint  ## every check, then every test
	@$(VENV)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

test-card: setup-dev  ## the tests of cards on a real one, with CuPy from the extra cuda12 or cuda13
	@NETVIZ_CARD=cuda $(VENV)/python -m pytest -m card

lint: setup-dev
	$(call check,ruff check,$(VENV)/ruff check --quiet)
	$(call check,ruff format --check,$(VENV)/ruff format --quiet --check)
	$(call check,mypy,$(VENV)/mypy)
	$(call check,lint-imports,$(VENV)/lint-imports)

format: setup-dev
	@$(VENV)/ruff check --fix --quiet; $(VENV)/ruff format --quiet

benchmark: setup-dev  ## ratios against other libraries; those not installed are left out
	@$(VENV)/python -m benchmarks

screenshots: setup-dev  ## every picture of the documentation, drawn anew
	@$(VENV)/python scripts/make_pictures.py

gallery: setup-dev  ## the page of all panels, drawn anew
	@$(VENV)/python scripts/make_gallery.py

project-file: setup-dev  ## the page of the project file's fields, written anew, after a setting has been added
	@$(VENV)/python scripts/write_project_file.py

experiments: setup-dev  ## the experiments written anew, after a setting has been added
	@$(VENV)/python scripts/write_experiments.py

setup: python
	@$(PYTHON) scripts/setup.py

setup-dev: python
	@$(PYTHON) scripts/setup.py --dev

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "netviz needs Python 3.11 to 3.13: sudo apt-get install -y python3" >&2; exit 1; }
