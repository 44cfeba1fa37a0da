# What a person types: make run, make test, make lint, make bench.
# PORT, HOST, DATA_DIR, DATABASE_URL and REDIS_URL can follow: make run PORT=8001

PYTHON ?= python3
BIN := .venv/bin

# Python's environment is complete when these exist and are newer than what they were made of.
RUNS := .venv/installed
TESTS := .venv/installed-dev

.PHONY: run test lint bench
.DEFAULT_GOAL := run

# Through children.py, so that even a killed make takes everything with it. Signal 15 is SIGTERM.
run: $(RUNS)
	@exec $(BIN)/python -I -S backend/children.py $$PPID 15 "" $(BIN)/python manage.py up

test: $(TESTS) lint
	@sh .ci/package chromium-headless-shell browser chromium-headless-shell chromium chromium-browser google-chrome
	@sh .ci/package mosquitto bridge mosquitto
	$(BIN)/python -m pytest -n logical --dist worksteal

lint: $(TESTS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@SITE_URL=https://pollux.example $(BIN)/python -m tests.servers sh -exc '\
		$(BIN)/mypy; \
		$(BIN)/python manage.py check --deploy --fail-level WARNING; \
		$(BIN)/python manage.py makemigrations --check --dry-run'

# Each prints its table; one that misses its bar makes the whole fail, after all have run.
bench: $(TESTS)
	@failed=0; for bench in $(filter-out bench/harness.py $(wildcard bench/train_*.py), $(wildcard bench/*.py)); do \
		echo "$$bench"; $(BIN)/python "$$bench" || failed=1; \
	done; exit $$failed

$(RUNS): requirements.txt .venv/made
	@echo "Installing the pinned packages; the first time takes a minute or so"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off -r requirements.txt
	@touch $@

$(TESTS): requirements-dev.txt $(RUNS)
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off -r requirements-dev.txt
	@touch $@

.venv/made:
	@sh .ci/venv $(PYTHON)
	@touch $@
