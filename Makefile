# make run    installs what is locked into .venv and starts the server
#             (make run REQUIREMENTS=requirements/tesseract.txt: without PP-OCR; EXTRAS=ray: with Ray)
# make test   the same, and runs the tests, for two cores (make test WORKERS=6: for four)
# make test-ray, make test-datasets, make test-kraken
#             the tests that need Ray, Hugging Face's datasets, or kraken, which they install
# make coverage  runs the tests and measures which lines and branches of src/boxocr they run, in servers and commands too
# make check  style, types and known weaknesses of the code; what the hooks of pre-commit run
# make hooks  has git run these checks before each commit
# make dist   builds the source distribution and the wheel in dist/, with a list of the locked packages and checksums
# make sbom   writes that list (CycloneDX) to a file (make sbom SBOM=boxocr.cdx.json)
# make demo   brings up Label Studio, an S3 server and this server, with a project that is ready to draw in
# make audit  looks for what is known against the locked packages
# make e2e    draws boxes in a real Label Studio with a real browser (installs both)
# make picture  the same for the pictures in docs/images/ that show Label Studio
# make bench-accuracy, make bench-pages, make bench-latency, make bench-memory, make bench-bulk
#             measure what docs/benchmarks.md tells
# make bench-worst  the most memory that the server takes (docs/reliability.md)
# make bench-learning, make bench-training  what learning from corrections gains and costs (docs/learning.md)
# make soak   draws ten thousand boxes while readers die and pages fail (docs/reliability.md)
#             (make soak ARGS="--attack --minutes 10": for ten minutes, while the server is attacked)
# make nightly  the long variants of what .ci/run checks: load, attack, memory, image (.ci/nightly)
# make lock   works out the lock and the requirements again, after a change in pyproject.toml

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
REQUIREMENTS ?= requirements.txt
EXTRAS ?=
# Tests wait for servers and deadlines, and the browser, Label Studio and the backend for each other: three workers keep
# two cores busy.
WORKERS ?= 3
BROWSERS ?= 4

PIP ?= $(BIN)/pip
# Every requirement is locked with its dependencies and hashes, so pip has nothing to work out.
INSTALL := $(PIP) install --quiet --disable-pip-version-check --no-deps

.PHONY: run demo test test-ray test-datasets test-kraken check check-style check-format check-types check-security coverage hooks dist sbom audit e2e e2e-nightly picture bench-accuracy bench-pages bench-latency bench-memory bench-worst bench-bulk bench-learning bench-training bench-review soak nightly lock requirements clean

run: $(VENV)/.installed$(if $(EXTRAS),-$(EXTRAS))
	@exec $(BIN)/boxocr serve

demo: $(VENV)/.installed-demo
	@VENV=$(VENV) e2e/setup.sh label-studio
	@exec $(BIN)/python demo/desk.py

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --durations 10

test-ray: $(VENV)/.installed-test $(VENV)/.installed-ray
	$(BIN)/python -m pytest tests/commands/test_preannotate_ray.py

test-datasets: $(VENV)/.installed-test $(VENV)/.installed-datasets
	$(BIN)/python -m pytest tests/export/test_datasets.py

# In a venv of its own, since it holds other libraries at older versions.
test-kraken: $(VENV)/.installed-test .venv-kraken/.installed
	KRAKEN_PYTHON=$(CURDIR)/.venv-kraken/bin/python $(BIN)/python -m pytest tests/export/test_kraken.py

.venv-kraken/.installed: tests/export/requirements-kraken.txt | $(VENV)/bin/pip
	@$(PYTHON) -m venv .venv-kraken
	@.venv-kraken/bin/pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

check: check-style check-format check-types check-imports check-security

check-style: $(VENV)/.installed-test
	$(BIN)/ruff check .

check-format: $(VENV)/.installed-test
	$(BIN)/ruff format --check .

check-types: $(VENV)/.installed-test
	$(BIN)/mypy .

check-imports: $(VENV)/.installed-test
	PYTHONPATH=src $(BIN)/lint-imports --no-logo --no-cache

check-security: $(VENV)/.installed-test
	$(BIN)/bandit --quiet --severity-level medium --recursive src model.py _wsgi.py gunicorn.conf.py

hooks: $(VENV)/.installed-test
	$(BIN)/pre-commit install

# COVERAGE_PROCESS_CONFIG comes from coverage itself; tests/backend.py passes it on to the servers.
coverage: $(VENV)/.installed-test
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

dist: $(VENV)/.installed-release
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*
	$(MAKE) --silent sbom SBOM="$$(echo dist/*.tar.gz | sed s/[.]tar[.]gz$$/.cdx.json/)"
	cd dist && sha256sum -- *.tar.gz *.whl *.cdx.json >SHA256SUMS

SBOM ?= boxocr.cdx.json
sbom:
	$(BIN)/uv export --quiet --frozen --no-default-groups --extra pytesseract --format cyclonedx1.5 \
	  --preview-features sbom-export --output-file $(SBOM) >/dev/null

audit: $(VENV)/.installed-test
	@UV=$(BIN)/uv $(BIN)/python .ci/audit.py

e2e: $(VENV)/.installed-test
	VENV=$(VENV) e2e/run --numprocesses $(BROWSERS) --dist loadfile --no-loadscope-reorder -m "not nightly"

e2e-nightly: $(VENV)/.installed-test
	VENV=$(VENV) e2e/run -m nightly

picture: $(VENV)/.installed-test
	VENV=$(VENV) e2e/run -k test_the_picture
	cp e2e/shots/box-to-text.png e2e/shots/accepting.png docs/images/
	cp e2e/shots/learning-before.png e2e/shots/learning-after.png e2e/shots/learning-status.png e2e/shots/learning.gif docs/images/

bench-accuracy: $(VENV)/.installed-bench
	PYTHON=$(BIN)/python bench/setup.sh
	$(BIN)/python -m bench.documents --no-pages
	$(BIN)/python -m bench.accuracy $(ARGS)
	$(BIN)/python -m bench.plots

bench-pages: $(VENV)/.installed-bench
	PYTHON=$(BIN)/python bench/setup.sh
	$(BIN)/python -m bench.documents --no-boxes
	$(BIN)/python -m bench.whole_pages $(ARGS)

bench-latency: $(VENV)/.installed-bench
	PYTHON=$(BIN)/python bench/setup.sh
	$(BIN)/python -m bench.latency $(ARGS)
	$(BIN)/python -m bench.plots

bench-memory: $(VENV)/.installed-bench
	$(BIN)/python -m bench.memory $(ARGS)

bench-worst: $(VENV)/.installed-test
	$(BIN)/python -m bench.worst_input $(ARGS)

soak: $(VENV)/.installed-test
	$(BIN)/python -m bench.soak $(ARGS)

nightly: $(VENV)/.installed-test
	.ci/nightly

bench-review: $(VENV)/.installed-bench
	$(BIN)/python -m bench.review $(ARGS)

bench-training: $(VENV)/.installed-bench
	$(BIN)/python -m bench.training $(ARGS)

bench-learning: $(VENV)/.installed-bench
	$(BIN)/python -m bench.learning $(ARGS)

bench-bulk: $(VENV)/.installed-bench
	$(BIN)/python -m bench.bulk $(ARGS)

lock: $(VENV)/.installed-test
	$(BIN)/uv lock
	$(MAKE) requirements

EXPORT := $(BIN)/uv export --quiet --frozen --no-default-groups --no-annotate --no-emit-project \
  --format requirements.txt --extra pytesseract
EXPORT_GROUP := $(BIN)/uv export --quiet --frozen --no-annotate --format requirements.txt --only-group
requirements:
	$(EXPORT) --output-file requirements.txt >/dev/null
	$(EXPORT) --prune onnxruntime --prune protobuf --prune rapidocr --output-file requirements/tesseract.txt >/dev/null
	$(EXPORT) --extra ray --output-file requirements/ray.txt >/dev/null
	$(EXPORT) --group datasets --output-file requirements/datasets.txt >/dev/null
	$(EXPORT) --group demo --output-file requirements/demo.txt >/dev/null
	$(EXPORT) --group test --output-file requirements/test.txt >/dev/null
	$(EXPORT) --group test --group bench --output-file requirements/bench.txt >/dev/null
	$(EXPORT_GROUP) build --output-file requirements/build.txt >/dev/null
	$(EXPORT_GROUP) release --output-file requirements/release.txt >/dev/null
	$(EXPORT_GROUP) uv --output-file requirements/uv.txt >/dev/null

clean:
	rm -rf $(VENV)

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
	  || { echo "BoxOCR needs Python 3.11 to 3.14; name one with make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV); this takes a minute the first time."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(REQUIREMENTS) requirements/build.txt pyproject.toml | $(VENV)/bin/pip
	@$(INSTALL) --require-hashes -r $(REQUIREMENTS)
	@$(INSTALL) --require-hashes -r requirements/build.txt
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-%: requirements/%.txt $(VENV)/.installed
	@$(INSTALL) --require-hashes -r $<
	@touch $@

$(VENV)/bin/uv: requirements/uv.txt | $(VENV)/bin/pip
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
