# d2f: the verbs of the project; bare `make` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Threads that wait by spinning take the cores of everything beside them.
RUN := OMP_WAIT_POLICY=PASSIVE $(BIN)
PHOTO := examples/osprey.jpg
SHARED ?= ../shared
# Seconds matter here: where AVX-512 BF16 is, BFLOAT16=--bfloat16 trains 1.6 x faster.
BFLOAT16 ?=
TRAIN = $(RUN)/d2f train compact --photos $(SHARED)/photos --scenes runs/scenes $(BFLOAT16)
into = --out $(1) $(if $(wildcard $(1)/last.pt),--resume)
# Where this stamp is newer than pyproject and the sources of the extension, nothing is installed.
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-for-tests
SOURCES := pyproject.toml CMakeLists.txt constraints.txt $(wildcard native/*)

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick lint bench sheet network golden native sanitize clean

help:  ## list these verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 10

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install -q -c constraints.txt -e .
	@touch $@

$(TEST_STAMP): $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[train,vfx,heic,raw,depth,web,test,lint,build]"
	@touch $(STAMP) $@

setup: $(TEST_STAMP)  ## a virtual environment with all that development needs

demo: $(STAMP)  ## do the main job on a real photo: bokeh, defocus map, side-by-side sheet in demo/
	$(RUN)/python examples/demo.py $(PHOTO) demo

test: $(TEST_STAMP) lint  ## format, lint, types, import contracts, every test
	$(RUN)/python -m pytest

quick: $(TEST_STAMP) lint  ## format, lint, types and the fast tests
	$(RUN)/python -m pytest -m "not slow"

lint: $(TEST_STAMP)  ## format and lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir .import_linter_cache

bench: $(TEST_STAMP)  ## speed as ratios and quality as figures, into benchmarks/results.md
	$(RUN)/python benchmarks/run.py

sheet: $(STAMP)  ## default settings on the shared photos, into sheet/ (not for redistribution)
	$(RUN)/python benchmarks/sheet.py

network: $(TEST_STAMP)  ## train the networks anew: scenes, two teachers, their pupil (hours)
	$(BIN)/python -m pip install -q -c constraints.txt -e ".[scenes]"
	$(RUN)/d2f train scenes --assets $(SHARED)/assets3d --hdr $(SHARED)/photos/hdr \
		-o runs/scenes --count 1200 --seed 1
	$(TRAIN) --scenes-only --minutes 32 --seed 3 $(call into,runs/clean)
	$(TRAIN) --teacher runs/clean/compact.onnx --minutes 60 --seed 3 $(call into,runs/first)
	$(TRAIN) --start runs/first/compact.onnx --teacher runs/first/compact.onnx \
		--teacher runs/clean/compact.onnx --minutes 34 --seed 4 $(call into,runs/second)

golden: $(TEST_STAMP)  ## renew the golden pictures, with a before/after/difference sheet
	$(RUN)/python tests/golden/renew.py

native: $(TEST_STAMP)  ## rebuild the extension in place
	$(BIN)/python -m pip install -q --no-build-isolation --no-deps -Cbuild-dir=build/dev -e .

sanitize: $(TEST_STAMP)  ## the kernels' tests under AddressSanitizer and UBSan
	PYTHON=$(BIN)/python sh native/sanitize.sh tests/renderer/test_native.py \
		tests/renderer/test_matte.py tests/scene tests/light tests/fusion

clean:  ## remove what was built, keep the environment and training runs
	rm -rf build demo sheet .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
