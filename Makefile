# OpsLens: `make` lists the targets.

VENV   ?= .venv
PYTHON_IN_VENV := $(VENV)/bin/python
ARGS   ?=

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup run manage test test-sqlite test-postgres lint format bench clean

# Paths may hold spaces and dollar signs: they travel to the recipes through the environment, unexpanded. Relative
# ones are meant from the caller's folder, which is not make's own after `make -C` (it sets the flag w).
ifdef ARTICLE
override ARTICLE := $(value ARTICLE)
export ARTICLE
endif
ifdef OPSLENS_HOME
override OPSLENS_HOME := $(value OPSLENS_HOME)
export OPSLENS_HOME
endif
export CALLED_FROM := $(if $(findstring w,$(firstword -$(MAKEFLAGS))),$(PWD),$(CURDIR))

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## "; print "OpsLens\n" } \
	    /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nOPSLENS_HOME (default: var) is where the database, static files and settings.env live.\n'

setup: $(VENV)/.runtime ## make .venv and the first settings, without serving
	@. scripts/paths.sh; . scripts/first_settings.sh

run: setup ## set up, then serve [ARTICLE=file] [PORT=8000] [HOST=127.0.0.1] [OPSLENS_HOME=folder]
	@. scripts/paths.sh; exec $(PYTHON_IN_VENV) manage.py serve

manage: setup ## a management command: make manage ARGS="import_article 'a file.txt'"
	@. scripts/paths.sh; exec $(PYTHON_IN_VENV) manage.py $(ARGS)

test: $(VENV)/.development ## every test, on SQLite and on a throw-away PostgreSQL [ARGS="pytest's arguments"]
	@$(PYTHON_IN_VENV) -m tests.support.suite $(ARGS)

test-sqlite: $(VENV)/.development ## the same on SQLite alone
	@$(PYTHON_IN_VENV) -m tests.support.suite --on sqlite $(ARGS)

test-postgres: $(VENV)/.development ## the same on PostgreSQL alone
	@$(PYTHON_IN_VENV) -m tests.support.suite --on postgres $(ARGS)

lint: $(VENV)/.development ## style, layers, system checks, missing migrations
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh scripts/lint.sh

format: $(VENV)/.development ## rewrite the code in the house style
	@$(PYTHON_IN_VENV) -m ruff check --quiet --fix-only .
	@$(PYTHON_IN_VENV) -m ruff format .

bench: $(VENV)/.development ## measure what the README promises [ARGS=…]
	@$(PYTHON_IN_VENV) -m bench $(ARGS)

clean: ## remove .venv and caches; never OPSLENS_HOME
	@rm -rf "$(VENV)" test-results .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	@find opslens annotations tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The stamps make the second start quick: pip runs again only when the pins, or Python itself, have changed.
$(VENV)/.runtime: requirements.txt $(wildcard $(VENV)/bin/python)
	@sh scripts/venv.sh $(VENV) requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	@sh scripts/venv.sh $(VENV) requirements-dev.txt
	@touch $@
