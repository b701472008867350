# `make demo` runs the main job on the embedded default; `make test` lints, type-checks and tests.
# Both make .venv on first use.

PYTHON ?= python3
BIN := .venv/bin
OUT ?= out/demo

export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

.PHONY: demo test install clean

demo: install
	$(BIN)/obverse run reversal --out $(OUT)/reversal
	$(BIN)/obverse run repetition --seeds 2 --out $(OUT)/repetition
	$(BIN)/obverse run reliability --seeds 2 --out $(OUT)/reliability
	$(BIN)/obverse run reversal-cures --preset short --seeds 2 --out $(OUT)/reversal-cures
	$(BIN)/obverse report $(OUT)

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "obverse needs Python 3.11 or newer; name one: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt torch
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv out
