# `make demo` runs the main job on the embedded default; `make test` lints, type-checks and tests.
# All make .venv on first use, and install into it what they need.

PYTHON ?= python3
BIN := .venv/bin
OUT ?= out/demo
PIP := $(BIN)/pip install --disable-pip-version-check -q -c constraints.txt

export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo test docs wheel-check install clean

demo: .venv/runtime
	@echo "1 of 4: the Reversal Curse. Told \"A is B\", does a model know \"B is A\"? Six seeds, about 85 seconds"
	$(BIN)/obverse run reversal --out $(OUT)/reversal
	@echo "2 of 4: repetition suppression. Told to break a pattern, do larger models continue it more? Two seeds, about 2 and a half minutes"
	$(BIN)/obverse run repetition --seeds 2 --out $(OUT)/repetition
	@echo "3 of 4: implicit meta-learning. Is a source that proved reliable believed more? Two seeds, about 85 seconds"
	$(BIN)/obverse run reliability --seeds 2 --out $(OUT)/reliability
	@echo "4 of 4: cures of the Reversal Curse, a short version. Two seeds, about 50 seconds"
	$(BIN)/obverse run reversal-cures --preset short --seeds 2 --out $(OUT)/reversal-cures
	$(BIN)/obverse report $(OUT)

# A file's tests go to one process, so that what they share is made once. Of three processes on two cores one works
# while another waits: 10 min 18 s against 11 min 16 s.
test: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 3 --dist loadfile

# The site, with the pages of `make demo` where it has been run: open site/index.html.
docs: .venv/docs
	$(BIN)/sphinx-build -W --keep-going -q -b html -d .venv/doctrees docs site
	$(BIN)/python tests/site_check.py site

# The wheel, built and installed with what it needs alone into an empty environment, and `obverse run reversal` there.
wheel-check:
	sh tests/wheel_check.sh $(PYTHON)

install: .venv/dev

# What is installed is noted in .venv: first what obverse needs to run, then what its tests and docs need besides.
.venv/runtime: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "obverse needs Python 3.11 or newer; name one: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) torch
	$(PIP) -e .
	touch $@

.venv/docs: .venv/runtime
	$(PIP) -e '.[docs]'
	touch $@

.venv/dev: .venv/runtime
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf .venv out site dist
