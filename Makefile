# `make demo` and `make test` do their own set-up: all they need is make and a Python from 3.11 to 3.13; `make web` also npm.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV ?= .venv
RUN ?= runs/demo
JOBS ?= 2
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
MODEL ?=
PORT ?= 8000
ADDONS := .venv-addons
LIBRARIES := export/web/node_modules/.package-lock.json

export TF_CPP_MIN_LOG_LEVEL ?= 3

# The first Python on the path that is of a supported version and can make environments; expanded only where it is needed.
FIND_PYTHON = for p in $${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do \
	if "$$p" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	then echo "$$p"; exit; fi; done; \
	echo "error: found no Python 3.11, 3.12 or 3.13 with its venv module; install one (Debian: apt install python3.11-venv)" \
	"or name it: make PYTHON=/path/to/python3.11" >&2; exit 2

.PHONY: help install demo web test test-addons lint format lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 12

install: $(STAMP) ## the environment in .venv, from requirements.lock

$(STAMP): requirements.lock setup.py pyproject.toml tf_homo/__init__.py
	@if ! test -x $(VENV)/bin/pip; then python=$$($(FIND_PYTHON)); "$$python" -m venv $(VENV); fi
	@echo "installing into $(VENV); the first time takes minutes" >&2
	$(PY) -m pip install --disable-pip-version-check --quiet -r requirements.lock
	$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## train on drawn faces, evaluate, morph, export; writes runs/demo/
	$(PY) -m tf_homo.train --flagfile=configs/demo.cfg --run_dir=$(RUN)
	$(PY) -m tf_homo.evaluate --run_dir=$(RUN) --pairs=64
	$(PY) -m tf_homo.morph --model=$(RUN) --mode=branches --source=drawn_faces:3 --target=drawn_faces:8 --out=$(RUN)/strip.png
	$(PY) -m tf_homo.morph --model=$(RUN) --source=drawn_faces:3 --target=drawn_faces:8 --out=$(RUN)/morph.gif
	rm -rf $(RUN)/saved_model
	$(PY) -m export.saved_model --run_dir=$(RUN) --output_dir=$(RUN)/saved_model
	$(PY) -m export.tflite --saved_model=$(RUN)/saved_model/1 --output=$(RUN)/morph.tflite
	@printf '\nstrip       %s\nGIF         %s\nSavedModel  %s\n.tflite     %s\n' \
		$(RUN)/strip.png $(RUN)/morph.gif $(RUN)/saved_model/1 $(RUN)/morph.tflite

web: $(LIBRARIES) $(STAMP) ## a page that morphs in the browser, on localhost; MODEL=morph.tflite for your own
	$(PY) -m export.web.build --output_dir=build/web $(if $(MODEL),--model='$(MODEL)')
	$(PY) -m export.web.serve --folder=build/web --port=$(PORT)

$(LIBRARIES): export/web/package-lock.json
	@command -v npm >/dev/null || { echo "error: found no npm, which fetches what the page runs on; install Node.js 18 or" \
	"newer (Debian: apt install npm)" >&2; exit 2; }
	npm ci --prefix export/web --no-audit --no-fund
	@touch $@

test: lint ## lint, then the whole test suite
	$(PY) -m pytest -n $(JOBS) --dist=loadfile --no-loadscope-reorder

test-addons: $(STAMP) $(ADDONS)/.installed ## compare with tensorflow-addons, in .venv-addons; wants Python 3.11
	rm -rf build/addons
	$(PY) -m tests.addons.ours build/addons
	$(ADDONS)/bin/python -m pytest tests/addons

$(ADDONS)/.installed: requirements-addons.txt
	@if ! test -x $(ADDONS)/bin/pip; then $${PYTHON:-python3.11} -m venv $(ADDONS) || { echo "error: TensorFlow 2.15 wants Python 3.11" \
	"with its venv module; install it (Debian: apt install python3.11-venv) or name it: make test-addons PYTHON=..." >&2; \
	exit 2; }; fi
	@echo "installing into $(ADDONS); the first time takes minutes" >&2
	$(ADDONS)/bin/python -m pip install --disable-pip-version-check --quiet -r requirements-addons.txt
	@touch $@

lint: $(STAMP) ## ruff, without changing anything
	$(PY) -m ruff check
	$(PY) -m ruff format --check

format: $(STAMP) ## ruff, mending what it can
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

lock: ## write requirements.lock anew: the latest versions inside the ranges of setup.py
	@rm -rf build
	@python=$$($(FIND_PYTHON)); "$$python" -m venv build/lock
	build/lock/bin/python -m pip install --quiet --upgrade 'setuptools>=80,<81' wheel '.[all,dev]'
	@{ echo '# What is tested: tf-homo[all,dev] and all that it brings, written by `make lock`. For Python 3.11 to 3.13.'; \
	build/lock/bin/python -m pip freeze --all --exclude pip --exclude tf-homo; } > requirements.lock.part
	@mv requirements.lock.part requirements.lock
	@rm -rf build

clean: ## remove the environment, the builds and the caches; runs/ stays
	rm -rf $(VENV) $(ADDONS) build dist export/web/node_modules *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
