# `make demo` and `make test` are complete on a fresh clone with only Python and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo test lint clean

demo: $(READY)
	$(BIN)/res3d demo

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -m "not slow and not backends and not io"

lint: $(READY)
	$(BIN)/ruff check .

$(READY): requirements/lock.txt setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
