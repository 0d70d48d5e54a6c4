# make run    installs what is locked into .venv and starts the server
#             (make run EXTRAS=ppocr: with PP-OCR, which makes fewer mistakes)
# make test   the same, and runs the tests
# make e2e    draws boxes in a real Label Studio with a real browser (installs both)
# make bench-accuracy, make bench-latency, make bench-memory
#             measure what docs/benchmarks.md tells
# make lock   works out the lock and the requirements anew, after a change in pyproject.toml

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS ?=
comma := ,

# Every requirement is locked with its dependencies and hashes, so pip has nothing to work out.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes

.PHONY: run test check e2e bench-accuracy bench-latency bench-memory lock requirements clean

run: $(VENV)/.installed$(if $(EXTRAS),-$(subst $(comma),-,$(EXTRAS)))
	@exec $(BIN)/gunicorn _wsgi:app

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

check: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

e2e: $(VENV)/.installed-test
	VENV=$(VENV) e2e/run

bench-accuracy: $(VENV)/.installed-bench
	bench/setup.sh
	$(BIN)/python -m bench.accuracy $(ARGS)
	$(BIN)/python -m bench.plots

bench-latency: $(VENV)/.installed-bench
	bench/setup.sh
	$(BIN)/python -m bench.latency $(ARGS)
	$(BIN)/python -m bench.plots

bench-memory: $(VENV)/.installed-bench
	$(BIN)/python -m bench.memory $(ARGS)

lock: $(VENV)/.installed-test
	$(BIN)/uv lock
	$(MAKE) requirements

EXPORT := $(BIN)/uv export --quiet --frozen --no-default-groups --no-annotate --format requirements.txt
requirements:
	$(EXPORT) --output-file requirements.txt >/dev/null
	$(EXPORT) --extra ppocr --output-file requirements-ppocr.txt >/dev/null
	$(EXPORT) --extra ppocr --group test --output-file requirements-test.txt >/dev/null
	$(EXPORT) --extra ppocr --group test --group bench --output-file requirements-bench.txt >/dev/null

clean:
	rm -rf $(VENV)

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
	  || { echo "BoxOCR needs Python 3.11 to 3.14; name one with make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV); this takes a minute the first time."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/pip
	@$(INSTALL) -r requirements.txt
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -m boxocr "$$@"\n' '$(CURDIR)' '$(abspath $(BIN))/python' >$(BIN)/boxocr
	@chmod +x $(BIN)/boxocr
	@touch $@

$(VENV)/.installed-%: requirements-%.txt $(VENV)/.installed
	@$(INSTALL) -r $<
	@touch $@
