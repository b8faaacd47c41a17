# Everything that is done here. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The phone's pages: Node comes from PyPI, what builds them from npm, by their lock files.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
PACKAGES := web/node_modules/.package-lock.json
PHONE := web/dist/phone/index.html
# The suite in parallel. CI machines have two cores; a third of the time a test waits for a server to fall
# or to come back, so one more is at work meanwhile.
WORKERS ?= 3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run up phone test lint format openapi matrix schemathesis audit shots day bench bench-phone bench-peers simulate crash contention power uploads load mutations reconcile migrate pin clean

help: ## what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/run $(PHONE) ## everything for a first look: database, demo data, server on 127.0.0.1:8000
	@$(BIN)/xunjian migrate
	@$(BIN)/xunjian demo
	@$(BIN)/xunjian serve

up: ## two nodes, PostgreSQL, an S3 store and nginx with TLS, by Docker (compose.yaml)
	@deploy/prepare.sh
	@docker compose up --build --detach --wait

phone: $(PHONE) ## build the phone's and the desk's pages

test: $(VENV)/clients ## all tests, on SQLite and on a PostgreSQL of their own
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(TESTS)

lint: $(VENV)/dev $(PACKAGES) ## formatting, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy sync media server
	@$(BIN)/lint-imports --no-logo
	@cd web && $(NODE) npm run --silent check

format: $(VENV)/dev $(PACKAGES) ## put the code into the house's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@cd web && $(NODE) npm run --silent format

openapi: $(VENV)/dev $(PACKAGES) ## write openapi.yaml, the clients' kinds and types from kinds and routes
	@$(BIN)/xunjian openapi
	@$(BIN)/python -m openapi_spec_validator openapi.yaml
	@cd web && $(NODE) npm run --silent types

matrix: $(VENV)/dev ## write docs/access.md, who may do what, from the table that tests/doors holds the server to
	@$(BIN)/python -m tests.doors.matrix

audit: $(VENV)/dev $(PACKAGES) ## careless code by bandit; what is known against our dependencies (asks pypi.org and npm)
	@$(BIN)/bandit -q -r server sync media migrations -ll
	@$(NODE) $(BIN)/python -m tools.audit requirements.txt web

schemathesis: $(VENV)/dev ## EXAMPLES=200 unexpected requests an operation and person; no server error, no undocumented answer
	@EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/pytest tests/doors/test_schemathesis.py

shots: $(VENV)/clients ## pictures of every screen of phone and desk, both languages, light and dark, into var/shots
	@$(BIN)/python -m tests.web.shots
	@$(BIN)/python -m tests.web.desk_shots

day: $(VENV)/clients ## the phone's day at full size: ISSUES=40 PHOTOS=200 KILLS=20, server dead, line cutting
	@ISSUES=$(or $(ISSUES),40) PHOTOS=$(or $(PHOTOS),200) KILLS=$(or $(KILLS),20) $(BIN)/pytest tests/web/test_day.py

bench: $(VENV)/dev ## the figures we quote, beside the bare store; ROWS=push,pull picks rows
	@$(BIN)/python -m bench

bench-phone: $(VENV)/clients ## how long the phone makes a person wait, beside the budgets; TIMES=5
	@$(BIN)/python -m bench.phone

bench-peers: $(VENV)/dev ## install Kinto 26.5 beside us, so that `make bench` measures it too
	@$(PYTHON) -m venv $(VENV)/kinto
	@$(VENV)/kinto/bin/pip install -q "kinto[postgresql]==26.5.0" gunicorn

simulate: $(VENV)/dev ## the sync simulator; RUNS=2000 HOUSES=200 OFFSET=0: worlds of the engine, of the server, first seed
	@$(BIN)/python -m tests.simulate $(or $(RUNS),2000) $(or $(OFFSET),0)
	@$(BIN)/python -m tests.simulate $(or $(HOUSES),200) $(or $(OFFSET),0) house

crash: $(VENV)/dev ## kill -9 the server KILLS=200 times on either database; nothing acknowledged may be lost
	@KILLS=$(or $(KILLS),200) $(BIN)/pytest tests/faults/test_kill.py

contention: $(VENV)/dev ## forty phones on one dossier for SECONDS=60 on either database, and how long they wait
	@SECONDS_OF_CONTENTION=$(or $(SECONDS),60) $(BIN)/pytest tests/faults/test_contention.py

power: $(VENV)/dev ## the power fails at POINTS=500 moments; SQLite must keep what it answered
	@POINTS=$(or $(POINTS),500) $(BIN)/pytest tests/faults/test_power.py

# Photographs of real cameras, where somebody has put some beside the checkout.
REAL_PHOTOS := $(or $(XUNJIAN_PHOTOS),$(wildcard ../shared/photos))

uploads: $(VENV)/clients ## uploads under every fault at full size (a quarter of an hour); PHOTOS=200, XUNJIAN_PHOTOS=folder
	@$(if $(REAL_PHOTOS),XUNJIAN_PHOTOS="$(REAL_PHOTOS)") PHOTOS=$(or $(PHOTOS),200) CUTS=20 UPLOADS=50 STALLED=64 LARGE=16x100 STORE_PHOTOS=200 STORE_KILLS=5 \
	  $(BIN)/pytest tests/clients tests/faults/test_uploads.py tests/faults/test_upload_kills.py \
	  tests/faults/test_upload_room.py tests/faults/test_stalled.py tests/faults/test_two_hundred.py \
	  tests/faults/test_store_away.py tests/faults/test_store_kill.py

load: $(VENV)/dev ## PHONES=300 for SECONDS=600 against two nodes, PostgreSQL and SeaweedFS, each failing once
	@PHONES=$(or $(PHONES),300) SECONDS=$(or $(SECONDS),600) DATABASE_AWAY=30 STORE_AWAY=60 PAUSE=60 WORKERS=2 \
	  $(BIN)/pytest tests/load

mutations: $(VENV)/dev ## MUTATIONS=2000 pictures a format with one wrong byte; the decoder's room must stand
	@MUTATIONS=$(or $(MUTATIONS),2000) $(BIN)/pytest tests/media/test_bad_input.py

reconcile: $(VENV)/dev ## RECONCILE=5000 originals in an S3 store, three of them wrong; exactly those are named
	@RECONCILE=$(or $(RECONCILE),5000) $(BIN)/pytest tests/server/test_reconcile.py -k five_thousand

tamper: $(VENV)/dev ## TAMPER=10000 entries, rewritten in eleven ways on either database; each is named
	@TAMPER=$(or $(TAMPER),10000) $(BIN)/pytest tests/evidence/test_tamper_matrix.py

proofs: $(VENV)/dev ## twenty trees of up to PROOFS=1000000 entries; pymerkle and sigstore must agree (a minute)
	@PROOFS=$(or $(PROOFS),1000000) $(BIN)/pytest tests/evidence/test_others_agree.py

migrate: $(VENV)/run ## bring the database to the newest schema
	@$(BIN)/xunjian migrate

pin: $(VENV)/dev ## compile requirements*.in into pinned requirements*.txt
	@for name in requirements requirements-web requirements-dev; do \
	  $(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-trusted-host \
	    --no-emit-find-links -o $$name.txt $$name.in; done

$(VENV)/clients: $(VENV)/dev $(PHONE) tests/clients/package.json tests/clients/package-lock.json tests/clients/unpack.mjs
	@mkdir -p $@ && cp tests/clients/package*.json $@
	@$(BIN)/npm ci --prefix $@ --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(BIN)/node tests/clients/unpack.mjs $@ $@/chromium
	@touch $@

$(PACKAGES): $(VENV)/run requirements-web.txt web/package.json web/package-lock.json
	@echo "Installing what builds the phone …"
	@$(BIN)/pip install -q -r requirements-web.txt
	@cd web && $(NODE) npm ci --loglevel=error
	@touch $@

$(PHONE): $(PACKAGES) $(wildcard web/*.ts) web/tsconfig.json $(shell find web/phone web/desk web/drawing web/sync -type f -not -path '*/tests/*')
	@echo "Building the pages …"
	@cd web && $(NODE) npm run --silent build
	@touch $@

clean: ## forget the environment (data in var/ stays)
	rm -rf $(VENV) *.egg-info web/node_modules web/dist

$(VENV)/run: requirements.txt pyproject.toml
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }
	@echo "Installing what the server needs …"
	@$(BIN)/pip install -q -r requirements.txt
	@$(BIN)/pip install -q --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	@echo "Installing what the tests need …"
	@$(BIN)/pip install -q -r requirements-dev.txt
	@touch $@
