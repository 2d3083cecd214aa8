# Needs only make and python3 (3.11 or later) with venv and pip. PYTHON=python3.12 make demo takes another one.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CAPTURE ?= pcaps/lab/plain-c1.pcap

.PHONY: demo test lint check bench clean

demo: $(VENV)/.installed  ## set up, and report on a capture that ships here
	@$(BIN)/consul-sniff analyze $(CAPTURE); code=$$?; test $$code -le 1

test: $(VENV)/.dev  ## set up, and run the tests
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: test lint

bench: $(VENV)/.dev  ## large captures, this program and its peers side by side (benchmarks/README.md)
	$(BIN)/python -m benchmarks $(BENCH)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml setup.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml setup.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build *.egg-info
