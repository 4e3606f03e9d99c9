# What each target does: make help. Nothing but Python (3.11 or newer) and pip is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-strip-extras \
	--python-version 3.11 --custom-compile-command "make lock"
ARGS ?=

.PHONY: help run test services-test check load faults fuzz corpus lock clean
.DELETE_ON_ERROR:

help: ## say what there is to make
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

run: $(VENV)/.run ## start the server (ARGS="--port 9000 --data DIR")
	@exec $(BIN)/python manage.py up $(ARGS)

test: $(VENV)/.dev ## run the tests, the browser's too (ARGS="tests/test_up.py")
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

services-test: $(VENV)/.dev ## run the promises' tests on PostgreSQL, Redis and S3
	$(BIN)/python -m tests.services $(BIN)/python -m pytest -n auto --dist worksteal -m "promise or state or services" $(ARGS)

faults: $(VENV)/.dev ## break things a hundred times while the server works (ARGS="--shape services --seed 7")
	$(BIN)/python -m bench.faults --rounds 100 $(ARGS)

check: $(VENV)/.dev ## look at the code without running it
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(BIN)/mypy accounts config drafts manage.py
	$(BIN)/lint-imports --no-cache
	@scratch=$$(mktemp -d) && trap 'rm -rf "$$scratch"' EXIT && \
	export PRESSCHECK_DATA="$$scratch" PRESSCHECK_URL=https://index.example && \
	export PRESSCHECK_SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" && \
	set -x && \
	$(BIN)/python manage.py makemigrations --check --dry-run && \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

load: $(VENV)/.dev ## load a server with many at once, print figures (ARGS="--shape services")
	$(if $(findstring services,$(ARGS)),$(BIN)/python -m tests.services) $(BIN)/python -m bench.load $(ARGS)

fuzz: $(VENV)/.dev ## throw bytes at the door, a minute for each target (ARGS="--seconds 600 wheel")
	$(BIN)/python -m tests.fuzz $(ARGS)

corpus: $(VENV)/.dev ## take what build back-ends really make through the door (ARGS="FOLDER...")
	$(BIN)/python -m bench.corpus $(ARGS)

lock: $(VENV)/.dev ## resolve the dependencies anew
	$(LOCK) pyproject.toml --upgrade --output-file requirements.lock
	$(LOCK) pyproject.toml --upgrade --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## delete the virtual environment and the tools' caches; data stays
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Packages are added to what is there, so that running does not take the tests' tools away.
$(VENV)/.run: requirements.lock | $(BIN)/python
	$(PIP) --requirement requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(BIN)/python
	$(PIP) --requirement requirements-dev.lock
	@touch $@ $(VENV)/.run

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Presscheck needs Python 3.11 or newer, and '$(PYTHON)' is not: name another, as in make run PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "'$(PYTHON) -m venv' does not work here: on Debian and Ubuntu, install the package python3-venv" >&2; exit 1; }
