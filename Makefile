# `make run` and `make test` do everything themselves; the rest is for whoever changes Lens.

PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 8001
VAR ?= var
export PORT SANDBOX_PORT VAR
# Otherwise each process that a test starts compiles 700 modules: 0.6 seconds of CPU time.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
IN := $(VENV)/bin/python
PIP := $(IN) -m pip install -qq --disable-pip-version-check
# The locked files name all packages, so nothing is left for pip to resolve.
LOCKED := --require-hashes --no-deps
UV := uv==0.13.9
# A check must not depend on what a shell is set up for, nor touch a database.
BARE := env -u DISCORD_BOT_TOKEN -u GOOGLE_CALENDAR_CREDENTIALS_FILE DEBUG=1 DATABASE_URL=sqlite://:memory:

.PHONY: help run fresh test test-matrix modes chaos soak bench docs lock mutants lint check

help:
	@echo "make run          the whole system on this machine, with a sample (PORT, SANDBOX_PORT, VAR)"
	@echo "make fresh        forget the sample's data; the next run starts empty"
	@echo "make test         one or more scenarios of every capability (ARGS for pytest)"
	@echo "make test-matrix  variants, slow processes, browsers, chaos, migrations (about 40 minutes)"
	@echo "make modes        every case of the very largest (about an hour, not in CI)"
	@echo "make chaos        three minutes of random acts, kills, restarts and faults (also in test-matrix)"
	@echo "make soak         an hour of that"
	@echo "make bench        figures: what things cost, beside the committed ones"
	@echo "make lock         pin all packages of pyproject.toml, with hashes, in requirements*.txt"
	@echo "make mutants      mutation tests of the pure modules (not in CI)"
	@echo "make docs         write the table of docs/alarms.md, and docs/openapi.yaml"
	@echo "make lint         ruff, mypy, the layers, migrations, Django's checks"
	@echo "make check        lint and test"

run: $(VENV)/.run
	@exec $(IN) -m lens.demo

fresh:
	rm -rf $(VAR)

# One process more than two cores: some tests wait for processes of their own. The matrix has many of
# these, whose limits of time a third process would make narrow.
test: $(VENV)/.dev
	$(IN) -m tests.programs deploy
	$(IN) -m pytest -n 3 --maxschedchunk 6 -m "not matrix and not modes" $(ARGS)

test-matrix: $(VENV)/.dev
	$(IN) -m tests.programs deploy
	$(IN) -m pytest -n 2 --maxschedchunk 4 -m "matrix and not modes" $(ARGS)

chaos: $(VENV)/.dev
	$(IN) -m tests.programs
	CHAOS_SECONDS=$${CHAOS_SECONDS:-180} $(IN) -m pytest -q tests/chaos $(ARGS)

soak:
	CHAOS_SECONDS=3600 $(MAKE) chaos

modes: $(VENV)/.dev
	$(IN) -m tests.programs
	$(IN) -m pytest -n 2 --maxschedchunk 4 -m modes $(ARGS)

bench: $(VENV)/.dev
	$(IN) -m tests.programs
	$(IN) -m pytest -q -o python_files="bench_*.py" $(or $(ARGS),tests/bench)

docs: $(VENV)/.dev
	$(BARE) $(IN) -m tests.lens.alarms
	$(BARE) $(IN) manage.py spectacular --validate --file docs/openapi.yaml

# One lock for all systems and Pythons. Versions that are locked stay, if pyproject.toml allows them.
LOCK = $(VENV)/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make lock"

lock: | $(IN)
	@$(PIP) $(UV)
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group pyproject.toml:dev -c requirements.txt -o requirements-dev.txt

# The tests of these modules need no database.
mutants: $(VENV)/.dev
	$(BARE) $(IN) -m mutmut run --max-children 2 $(ARGS)
	$(BARE) $(IN) -m mutmut export-cicd-stats
	$(IN) -m tests.mutants

lint: $(VENV)/.dev
	$(IN) -m ruff check .
	$(IN) -m ruff format --check .
	$(BARE) $(IN) -m mypy .
	$(VENV)/bin/lint-imports
	$(BARE) $(IN) manage.py makemigrations --check --dry-run
	$(BARE) $(IN) manage.py check

check: lint test

# -- what the commands above run in ---------------------------------------------------------------

$(VENV)/.run: requirements.txt | $(IN)
	@echo "Installing what Lens needs (about half a minute) …"
	@$(PIP) $(LOCKED) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing what its tests need …"
	@$(PIP) $(LOCKED) -r requirements-dev.txt
	@touch $@

$(IN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Lens needs Python 3.11 or newer. Name one: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
