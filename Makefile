# What a contributor runs. Needs make and python3 (3.11 or newer) with venv; everything else goes into .venv, from the hashed
# lists in requirements/.  A stamp file per list remembers what is installed, so a second run starts at once.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO   := check examples/clinic.837 --as-of 2026-03-20 --statistics
NOTE   := examples/charts/gonorrhea.txt
FRAME  := examples/charts/gonorrhea.json
SIZES  ?= 1k 10k 100k 1m
JOBS   ?= 2

RUN   := $(VENV)/.installed-run
DEV   := $(VENV)/.installed-dev
PEERS := $(VENV)-bench/.installed

.DEFAULT_GOAL := help
.PHONY: help demo demo-chart demo-money test quick lint format docs bench lock clean

help:
	@echo "make demo    install, check examples/clinic.837, explain 96372, audit and code a note, learn from invented remittances"
	@echo "make test    ruff, mypy, import-linter and the whole test suite"
	@echo "make quick   the tests that take less than a minute together"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make format  let ruff lay the code out"
	@echo "make docs    write the generated pages and tables anew"
	@echo "make bench   time Scrubjay and its peers, write docs/bench.md (SIZES=\"1k 10k\" for a short one)"
	@echo "make lock    compile requirements/*.txt anew from pyproject.toml"
	@echo "make clean   remove environments, caches and builds"

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Scrubjay needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3")'
	@echo "Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(RUN): $(VENV)/.created requirements/run.txt requirements/build.txt pyproject.toml
	@echo "Installing what Scrubjay runs on (requirements/run.txt, hashes checked) and Scrubjay itself"
	@$(PIP) install --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	@echo "Installing what the tests need (requirements/dev.txt, hashes checked)"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

$(PEERS): requirements/bench.txt
	@echo "Installing the peers of the benchmark into $(VENV)-bench (requirements/bench.txt, hashes checked)"
	@$(PYTHON) -m venv $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/bench.txt
	@touch $@

# Exit code 1 says that there are findings, which is what the example is for; anything above it is a failure.
demo: $(RUN)
	@echo; echo "$$ scrubjay $(DEMO)"; echo
	@$(BIN)/scrubjay $(DEMO) || [ $$? -eq 1 ]
	@echo; echo "$$ scrubjay explain 96372"; echo
	@$(BIN)/scrubjay explain 96372
	@$(MAKE) --no-print-directory demo-chart demo-money

# From a note to its audit, a proposed claim and its form, in a folder that is left to be looked at.
demo-chart: $(RUN)
	@mkdir -p .demo
	@echo; echo "$$ scrubjay audit $(NOTE)"; echo
	@$(BIN)/scrubjay audit $(NOTE) || [ $$? -eq 1 ]
	@$(BIN)/scrubjay audit $(NOTE) --format html -o .demo/audit.html || [ $$? -eq 1 ]
	@echo; echo "$$ scrubjay code $(NOTE) --with $(FRAME) --as-of 2026-03-20"; echo
	@$(BIN)/scrubjay code $(NOTE) --with $(FRAME) --as-of 2026-03-20 || [ $$? -eq 1 ]
	@$(BIN)/scrubjay code $(NOTE) --with $(FRAME) --as-of 2026-03-20 --accept 25@1 --to 837p -o .demo/claim.837 >/dev/null
	@$(BIN)/scrubjay form .demo/claim.837 --claim C-GONORRHEA --style sheet -o .demo/claim.pdf
	@echo; echo "The marked-up note is .demo/audit.html, the claim with the confirmed 25 .demo/claim.837, its form .demo/claim.pdf"

# Learning from money, on invented claims and payers: the same remittances are scored before and after the proposed policy is
# merged (scrubjay.toml beside the claims), so that the denials it would have caught can be seen.
LOOP  := .demo/money
SENT  := $(LOOP)/claims.837
CAME  := remit $(LOOP)/remit.835 --claims $(SENT) --as-of 2026-09-30 --no-progress
define say
	@echo; echo "$$ scrubjay $(1)"; echo
	@$(BIN)/scrubjay $(1) || [ $$? -eq 1 ]
endef
demo-money: $(RUN)
	@rm -rf $(LOOP) && mkdir -p $(LOOP)
	$(call say,synth --claims 4000 --seed 11 --faults 0.3 -o $(SENT))
	$(call say,check $(SENT) --as-of 2026-07-01 --format csv -o $(LOOP)/findings.csv --statistics --by payer --no-progress)
	$(call say,synth --remit $(SENT) --seed 3 -o $(LOOP)/remit.835 --truth $(LOOP)/truth.jsonl)
	$(call say,$(CAME) --truth $(LOOP)/truth.jsonl --propose $(LOOP)/proposed.toml)
	@echo; echo "$$ cat $(LOOP)/proposed.toml"; echo; cat $(LOOP)/proposed.toml
	@echo; echo "$$ cp $(LOOP)/proposed.toml $(LOOP)/scrubjay.toml    (a person has read it)"
	@cp $(LOOP)/proposed.toml $(LOOP)/scrubjay.toml
	@echo; echo "$$ scrubjay $(CAME) --scorecard"; echo
	@$(BIN)/scrubjay $(CAME) --scorecard -o $(LOOP)/after.txt && sed -n 1,8p $(LOOP)/after.txt

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -n $(JOBS) --dist loadfile

quick: $(DEV)
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m "not slow"

format: $(DEV)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(DEV)
	$(BIN)/python tools/build_catalogue.py
	$(BIN)/python tools/build_explain.py
	$(BIN)/python examples/build_clinic.py
	$(BIN)/python examples/build_charts.py
	$(BIN)/python examples/build_remit.py
	$(BIN)/python tools/build_docs.py

bench: $(RUN) $(PEERS)
	$(BIN)/python bench/run.py --peers $(VENV)-bench/bin --output docs/bench.md $(SIZES)
	$(BIN)/python bench/memory.py --output docs/bench-memory.md 100k 1m
	$(BIN)/python bench/remits.py --output docs/bench-remit.md

COMPILE = $(VENV)-lock/bin/pip-compile --quiet --generate-hashes --strip-extras --no-annotate --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe $(UPGRADE)

# Existing pins stay; `make lock UPGRADE=--upgrade` moves them to the newest versions that pyproject.toml allows.
lock:
	@test -x $(VENV)-lock/bin/pip-compile || { $(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/python -m pip --quiet install pip-tools==7.6.2; }
	$(COMPILE) --extra chart --extra fhir --extra form --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --constraint requirements/run.txt --extra dev --extra refs --extra conformance --extra chart --extra fhir --extra form --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) --constraint requirements/dev.txt --only-build-deps --build-deps-for editable --build-deps-for wheel --output-file requirements/build.txt pyproject.toml
	$(COMPILE) --output-file requirements/bench.txt requirements/bench.in

clean:
	rm -rf $(VENV) $(VENV)-bench $(VENV)-lock .bench .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +
