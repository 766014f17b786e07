# The contributor's door: setup, check, test, demo. Everything happens in .venv.
PYTHON ?= python3
PORT ?= 8501
HOST ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help setup check format test demo serve bench docs chromium clean

help:
	@echo "make demo     install Hone and open the example workspace (PORT=$(PORT), HOST=$(HOST))"
	@echo "make serve    install Hone and open your own workspace, ./hone-workspace"
	@echo "make test     install what the tests need, then run the whole suite"
	@echo "make check    lint, format, types, layout"
	@echo "make bench    speed and memory, as tables"
	@echo "make docs     the screenshots in docs/, made in Chromium"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Hone needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Hone and its libraries into $(VENV) (a few minutes the first time) ..."
	$(INSTALL) -e .
	@touch $@

$(VENV)/.developing: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Hone, its libraries and the tools of its developers into $(VENV) ..."
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.installed

setup: $(VENV)/.developing

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python -m pytest tests/test_layout.py -q

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: setup chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile

demo: $(VENV)/.installed
	@$(BIN)/hone demo --host $(HOST) --port $(PORT) $(ARGS)

serve: $(VENV)/.installed
	@$(BIN)/hone serve --host $(HOST) --port $(PORT) $(ARGS)

bench: setup
	@for table in benchmarks/*.py; do echo; echo "== $$table"; $(BIN)/python $$table || exit 1; done

docs: setup chromium
	$(BIN)/python docs/make_screenshots.py

# The end-to-end tests drive a Chromium of the system; on Debian and Ubuntu it is installed when it is missing.
chromium:
	@$(BIN)/python tests/chromium.py || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing Chromium ..."; apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
			$(BIN)/python tests/chromium.py; \
		else echo "Missing: Chromium. Install the package 'chromium' (or Chrome), or set CHROMIUM=/path/to/it."; exit 1; fi; }

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
