# 只需要两条命令：make demo 和 make test。其余目标同样会先把所需的一切装好。
SHELL := /bin/bash
BIN := .venv/bin
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint types bench migrate histories clauses

help:
	@echo "make demo       演示一整轮认证，参数用 ARGS，例如 make demo ARGS=\"--applicants 24 --once\""
	@echo "make test       检查与全部测试"
	@echo "make up         启动整个系统，例如 make up ARGS=\"--data /srv/fudao --port 8866\""
	@echo "make lint types bench histories clauses migrate setup"

setup:
	@scripts/setup

demo: setup
	@$(BIN)/fudao demo $(ARGS)

up: setup
	@$(BIN)/fudao up $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

# what opens a browser or plays whole rounds needs the machine for itself; all else runs on two workers
HEAVY := tests/browser tests/e2e tests/faults
test: lint types
ifeq ($(strip $(ARGS)),)
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(HEAVY:%=--ignore=%)
	$(BIN)/pytest $(HEAVY)
else
	$(BIN)/pytest $(ARGS)
endif

bench: setup
	@$(BIN)/python -m bench $(ARGS)

# histories of workflows for the replay gate: record them anew after a deliberate change
histories: setup
	$(BIN)/python -m tests.replay.record $(ARGS)

# docs/clauses.md: which test shows which clause
clauses: setup
	$(BIN)/python -m tests.clause_report

# production: FUDAO_DB_HOST, FUDAO_DB_PORT, FUDAO_DB_NAME and FUDAO_DB_PASSWORDS name the database
migrate: setup
	$(BIN)/python -m kit.db migrate $(ARGS)
