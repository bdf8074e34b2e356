# What a person types. Needs only python3 >= 3.11 with its venv module, and make.
PYTHON ?= python3
BIN := .venv/bin
SEED ?=
FAULTS ?=
HOSTS ?=
ARGS ?=

.PHONY: help demo demo-reset story test screens bench storm fuzz lock run-venv dev-venv check

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 20

demo: run-venv  ## the whole site on this machine; Ctrl-C stops it, the next start resumes it
	@exec $(BIN)/passage-provision demo $(ARGS)

demo-reset:  ## forget the demo site; the next `make demo` starts afresh
	@rm -rf .demo && echo "The demo site is gone; 'make demo' makes a new one."

story: run-venv  ## the whole story without a person; FAULTS=1 kills processes on the way, SEED=n repeats a run
	@exec $(BIN)/passage-provision story $(if $(FAULTS),--faults) $(if $(SEED),--seed $(SEED)) $(ARGS)

test: check  ## everything that must be true
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: dev-venv  ## the quick half of `make test`: lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo

screens: dev-venv  ## walk every screen in Debian's chromium; pictures land in build/screens/
	$(BIN)/python -m pytest -n 2 --dist loadfile -m web $(ARGS)
	@echo "Pictures: build/screens/"

bench: run-venv  ## the serial link, a long file, memory at rest; HOSTS=1 adds OctoPrint, Printrun; ARGS="--only wire"
	@$(BIN)/python -m tests.bench $(if $(HOSTS),--hosts) $(ARGS)

storm: dev-venv  ## the link against spoiled wires, 10,000 schedules a dialect and window; ARGS="--dialect marlin"
	@$(BIN)/python -m tests.farm.link.storm $(ARGS)

fuzz: dev-venv  ## the link against a million random replies a dialect; ARGS="--replies 10000 --seed 7"
	@$(BIN)/python -m tests.farm.link.fuzz $(ARGS)

lock:  ## renew the lock files (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/"; exit 1; }
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra test --extra web-test --extra lint -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group build -c requirements-dev.lock -o requirements-build.lock
	@! grep -nE 'file:|://|index-url|find-links' requirements*.lock

# pip and setuptools are named by libraries that run without them; the lock is installed with --no-deps
COMPILE = uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-package pip --no-emit-package setuptools --custom-compile-command 'make lock'

run-venv:
	@$(PYTHON) -I provisioning/workbench.py run

dev-venv:
	@$(PYTHON) -I provisioning/workbench.py dev
