# Everything runs in .venv, made of the locked requirements: nothing is installed outside.

PYTHON ?= python3
ARGS ?=
SEEDS ?= 120
EXAMPLES ?= 300
BIN := .venv/bin
RUNTIME := .venv/.installed
DEVELOPMENT := .venv/.installed-development
FUZZING := .venv/.installed-fuzzing
PRODUCTION := set -a; . ./tests/production.env; set +a

.DEFAULT_GOAL := help
.PHONY: help demo up test trace check lint types contracts django locks audit bench bench-long fuzz model faults

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(RUNTIME)  ## the service with emulators around it, its journey shown live (ARGS=--once)
	@exec $(BIN)/python -m amonition.demo $(ARGS)

# .env: NAME=value lines, taken as they are; what the environment has already goes before.
up: $(RUNTIME)  ## the service on this machine, with the settings of .env
	@if [ -f .env ]; then \
		while IFS= read -r line || [ -n "$$line" ]; do \
			case "$$line" in \
				[A-Z]*=*) printenv "$${line%%=*}" >/dev/null || export "$$line" ;; \
			esac; \
		done < .env; \
	fi; \
	exec $(BIN)/python manage.py up $(ARGS)

# Four at a time on two cores: half of the time goes by in waiting for other processes.
test: $(DEVELOPMENT)  ## the whole test suite
	@$(BIN)/python -m pytest -n 4 --dist loadgroup $(ARGS)

trace: $(DEVELOPMENT)  ## the table of the organizations' requirements and their tests
	@$(BIN)/python -m tests.traceability

check: lint contracts django types locks  ## everything but the tests

lint: $(DEVELOPMENT)
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .

types: $(DEVELOPMENT)
	@$(PRODUCTION); $(BIN)/python -m mypy

contracts: $(DEVELOPMENT)
	@$(BIN)/lint-imports --no-logo

django: $(DEVELOPMENT)
	@PYTHONWARNINGS="ignore:Got an error checking a consistent migration history" \
		DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run  # shards need not be there
	@$(PRODUCTION); $(BIN)/python manage.py check --deploy --fail-level WARNING

locks: $(DEVELOPMENT)
	@.ci/locks && echo "Locks are what the requirements say"

audit: $(DEVELOPMENT)  ## known vulnerabilities of the locked packages; fails if it cannot be known
	@for lock in requirements.txt requirements-dev.txt requirements-fuzz.txt requirements-ydb.txt; do \
		$(BIN)/python -m pip_audit --strict --disable-pip --require-hashes -r $$lock || exit 1; \
	done

bench: $(DEVELOPMENT)  ## the benchmarks (ten minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-long: $(DEVELOPMENT)  ## the long ones
	@$(BIN)/python -m benchmarks --long $(ARGS)

fuzz: $(DEVELOPMENT) $(FUZZING)  ## the webhooks' parser against a million bodies (x86-64, Python 3.11 to 3.13)
	@$(BIN)/python -m tests.webhooks.fuzz_parsing $(ARGS)

schema: $(RUNTIME)  ## the contract of our own API, written anew from its views
	@DEBUG=1 $(BIN)/python manage.py spectacular --urlconf organizations.urls --validate --fail-on-warn \
		--file docs/contracts/organizations.openapi.yaml

fuzz-api: $(DEVELOPMENT)  ## that API against whatever its schema leads schemathesis to (EXAMPLES an operation)
	@FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/organizations/api/test_fuzzing.py \
		--timeout 0 -rP $(ARGS)

model: $(DEVELOPMENT)  ## every state of the create protocol, and of its broken variants
	@$(BIN)/python -m tests.races.create_model

faults: $(DEVELOPMENT)  ## fault worlds, SEEDS of them; goes on where it was interrupted (ARGS="--seed 17": that one again)
	@$(BIN)/python -m tests.faults --seeds $(SEEDS) $(ARGS)

$(RUNTIME): requirements.txt
$(DEVELOPMENT): requirements-dev.txt
$(FUZZING): requirements-fuzz.txt
$(RUNTIME) $(DEVELOPMENT) $(FUZZING):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is not: make PYTHON=python3.12 ..."; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@echo "Installing $< into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action ignore \
		--require-hashes --requirement $<
	@touch $@
