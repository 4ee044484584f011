# Fieldguide needs Python 3.11 or newer and make; everything else is installed into .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
ADDRESS ?= 127.0.0.1:8000
PYTEST_WORKERS ?= auto

# Servers for `make test-services`: any that may be used for tests. Databases are made and dropped there.
TEST_POSTGRESQL_URL ?= postgres://postgres@127.0.0.1:5432/postgres
TEST_REDIS_URL ?= redis://127.0.0.1:6379/9

.PHONY: serve test test-services lint bench screenshots schema install install-dev clean

serve: $(VENV)/.installed
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py first_catalog
	@echo "Fieldguide is on http://$(ADDRESS)/  (stop with Ctrl-C)"
	$(BIN)/gunicorn --config python:catalog.serving --bind $(ADDRESS) catalog.wsgi

# On SQLite, in process.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup -m "not services"

# The same tests as far as they touch the database, on PostgreSQL and Redis, and those with a real Celery worker.
test-services: export TEST_POSTGRESQL_URL := $(TEST_POSTGRESQL_URL)
test-services: export TEST_REDIS_URL := $(TEST_REDIS_URL)
test-services: $(VENV)/.installed-dev
	DATABASE_URL=$(TEST_POSTGRESQL_URL) REDIS_URL=$(TEST_REDIS_URL) \
	  $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup --touching-database -m "not browser and not corpora"

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

# Figures on the corpora that FIELDGUIDE_CORPORA names: accuracy, share parsed, time, memory.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks

# The README's pictures, of the starter corpus in a folder that is gone afterwards. Needs a Chromium.
screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.browser.pictures

# What is committed of the API's contract: the schema, and its examples out of the starter corpus.
schema: $(VENV)/.installed-dev
	$(BIN)/python -m tests.starter.made

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Fieldguide needs Python 3.11 or newer; $(PYTHON) is older or absent. Install it, or say make PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv. Then run make again."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis
