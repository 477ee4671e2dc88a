# `make demo` and `make test` are complete on a fresh clone with only Python and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
BACKENDS := .venv-backends
IO := .venv-io
DOCS := .venv-docs
PURELIB := "import sysconfig; print(sysconfig.get_path('purelib'))"
PIP := pip install --quiet --disable-pip-version-check
# Tests side by side: each process begins with a stretch of them and, once through, takes over from another's end, so that
# fixtures are made about once. JOBS=0 runs them in one process, with which a debugger works.
JOBS ?= 2
PYTEST := python -m pytest -n $(JOBS) --dist worksteal

.PHONY: demo test test-slow test-backends test-family test-io docs examples lint types wheels clean

demo: $(READY)
	$(BIN)/res3d demo

test: lint types
	$(BIN)/$(PYTEST) -m "not slow and not backends and not io and not full_examples"

# What takes minutes: fuzzing, kills, big networks, browser. SUITES=tests/golden narrows it.
test-slow: $(READY)
	$(BIN)/$(PYTEST) $(SUITES) -m "slow and not backends and not io and not full_examples"

# The same networks on JAX and torch, and in ONNX Runtime and OpenVINO. What JAX compiles here runs once: a third of the
# time without its optimisations.
test-backends: $(BACKENDS)/.installed
	JAX_DISABLE_MOST_OPTIMIZATIONS=1 RES3D_BACKENDS_PYTHON=$(CURDIR)/$(BACKENDS)/bin/python $(BACKENDS)/bin/$(PYTEST) \
		--dist loadfile -m "backends and not whole_family"

# Every kind of network in LiteRT; those with every kind of layer are in test-backends.
test-family: $(BACKENDS)/.installed
	RES3D_BACKENDS_PYTHON=$(CURDIR)/$(BACKENDS)/bin/python $(BACKENDS)/bin/$(PYTEST) -m whole_family

# TensorFlow 2.17, the oldest end of the ranges, with tensorflow-io.
test-io: $(IO)/.installed
	$(IO)/bin/python -m pytest -m io tests/pipelines
	$(IO)/bin/python -m pytest -m "not slow" tests/conformance/test_grpc.py tests/conformance/test_rest.py

lint: $(READY)
	$(BIN)/ruff check .

$(READY): requirements/lock.txt setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(PIP) --require-hashes -r requirements/lock.txt
	$(BIN)/$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

# A second environment that sees the first one's packages and adds backends and runtimes.
$(BACKENDS)/.installed: $(READY) requirements/backends.txt
	$(PYTHON) -m venv $(BACKENDS)
	echo "import site; site.addsitedir('$$($(BIN)/python -c $(PURELIB))')" \
		> "$$($(BACKENDS)/bin/python -c $(PURELIB))/base.pth"
	$(BACKENDS)/bin/$(PIP) -r requirements/backends.txt
	touch $@

$(IO)/.installed: requirements/io.txt setup.py
	$(PYTHON) -m venv $(IO)
	$(IO)/bin/$(PIP) --require-hashes -r requirements/io.txt
	$(IO)/bin/$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

# The site, strictly: a broken link fails.
docs: $(DOCS)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict

$(DOCS)/.installed: requirements/docs.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/$(PIP) --require-hashes -r requirements/docs.txt
	touch $@

# What pyproject.toml names, with mypy.
types: $(READY)
	$(BIN)/mypy

# sdist and wheel, tried in an empty environment of each Python that is here.
wheels: $(READY)
	$(BIN)/python tests/house/wheels.py dist

# Every example, each beside its baseline.
examples: $(READY)
	$(BIN)/python examples/run_all.py --output pictures

clean:
	rm -rf $(VENV) $(BACKENDS) $(IO) $(DOCS) build site *.egg-info
