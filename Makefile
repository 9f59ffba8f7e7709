# Agenda Distribuida. "make" alone lists the targets.

NODES ?= 3
DATA ?= ./.data
# What the contracts must stay compatible with: the last release, or the commit before.
BASE ?= $(shell git describe --tags --abbrev=0 2>/dev/null || git rev-parse --verify --quiet HEAD~1)

# Everything runs with the pinned runtime, except npm ci: it removes that runtime while it runs.
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export NODE_COMPILE_CACHE := $(CURDIR)/.cache/compile
SHELL := /bin/bash

# Each stamp lies in what it stands for: removed with it, and so made again. The lock file counts by its content.
INSTALLED := node_modules/.installed-$(shell cksum < package-lock.json | tr ' ' '-')
GENERATED := proto/gen/.generated
UI_BUILT := services/api-gateway/ui/dist/index.html
PROTO_FILES := $(shell find proto -name '*.proto' -not -path '*/node_modules/*') proto/buf.gen.yaml proto/adapt-generated.ts proto/wire.ts
UI_FILES := $(shell find services/api-gateway/ui -type f -not -path '*/node_modules/*' -not -path '*/dist/*')

.DEFAULT_GOAL := help
.PHONY: help install generate ui run test test-unit test-cluster test-browser simulate mutants torture test-versions image swarm-up swarm-down test-swarm lint format typecheck bench bench-agenda bench-ws clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## install dependencies (nothing to do while the lock file is the same)

$(INSTALLED):
	@echo "installing dependencies"
	@PATH='$(SYSTEM_PATH)' npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@node packages/pod/check-runtime.cjs
	@touch $@

generate: $(GENERATED) ## generate code from proto/ (nothing to do while it is the same)

$(GENERATED): $(INSTALLED) $(PROTO_FILES)
	@echo "generating code from proto/"
	@npm run --silent generate
	@touch $@

ui: $(UI_BUILT) ## build the web page (nothing to do while it is the same)

$(UI_BUILT): $(INSTALLED) $(UI_FILES)
	@echo "building the web page"
	@npm run --silent build --workspace services/api-gateway/ui -- --logLevel warn

run: $(GENERATED) $(UI_BUILT) ## start a cluster on loopback: [NODES=3] [DATA=./.data] [HTTP_PORT=8080] [INNER_PORT=7000]
	@NODES='$(NODES)' DATA='$(DATA)' node packages/pod/src/run-local.ts

test: $(GENERATED) $(UI_BUILT) ## everything: contracts, types, lint, unit, architecture, cluster, browser
	@BASE='$(BASE)' node test/run.ts

test-unit: $(GENERATED) ## unit and architecture tests only
	@node test/run.ts unit

test-cluster: $(GENERATED) $(UI_BUILT) ## real pods, real sockets, real kills
	@node test/run.ts cluster

test-browser: $(GENERATED) $(UI_BUILT) ## the page in a real Chromium
	@node test/run.ts browser

simulate: $(GENERATED) ## whole clusters under faults by chance, in simulated time: [SEEDS=300] [FROM=1] [JOBS=…] or SEED=… [TRACE=file]
	@SEEDS='$(SEEDS)' FROM='$(FROM)' JOBS='$(JOBS)' SEED='$(SEED)' TRACE='$(TRACE)' node test/simulation/main.ts

mutants: $(GENERATED) ## deliberate bugs that the simulation must find: [SEEDS=600] [JOBS=2] [ONLY='name …']
	@SEEDS='$(SEEDS)' JOBS='$(JOBS)' nice node test/simulation/mutants/main.ts $(ONLY)

torture: $(GENERATED) $(UI_BUILT) ## real pods under faults by chance: [MINUTES=10] [PODS=7] [SEED=…]
	@MINUTES='$(MINUTES)' PODS='$(PODS)' SEED='$(SEED)' node test/cluster/torture.ts

test-versions: $(GENERATED) ## the same log on other Node versions and on an emulated ARM processor: [SEED=1]
	@npm ci --prefix test/versions --force --ignore-scripts --no-audit --no-fund --loglevel=error
	@SEED='$(SEED)' node node_modules/mocha/bin/mocha.js --exit test/versions/versions.test.ts

image: ## build the image of a pod: [BASE_IMAGE=node:26-bookworm-slim] [IMAGE=agenda-distribuida:latest] [BUILD_FLAGS=…]
	@BASE_IMAGE='$(BASE_IMAGE)' IMAGE='$(IMAGE)' BUILD_FLAGS='$(BUILD_FLAGS)' deploy/swarm/image.sh

swarm-up: ## seven replicas in Docker Swarm on this host (docs/DEPLOY.md)
	@deploy/swarm/single-host.sh up

swarm-down: ## take them down; data and secrets stay
	@deploy/swarm/single-host.sh down

test-swarm: $(GENERATED) ## the stack on a real swarm of several engines (docs/DEPLOY.md): [SWARM_LAB=…] [BASE_IMAGE=…]
	@BASE_IMAGE='$(BASE_IMAGE)' SWARM_LAB='$(SWARM_LAB)' node test/swarm/main.ts

lint: $(INSTALLED) ## check format and lint rules
	@npm run --silent lint

format: $(INSTALLED) ## mend format and what lint can mend
	@npm run --silent format

typecheck: $(GENERATED) ## check all types
	@npm run --silent typecheck

bench: $(GENERATED) $(UI_BUILT) ## measure speed, with etcd beside us where it is installed
	@node bench/src/main.ts

bench-agenda: $(GENERATED) $(UI_BUILT) ## the agenda's questions, and creates, on a million appointments (written once, in minutes)
	@node bench/src/agenda-data.ts
	@node bench/src/agenda-cluster.ts

bench-ws: $(GENERATED) $(UI_BUILT) ## how soon an event reaches 2,000 WebSockets on one pod
	@node bench/src/websockets.ts

clean: ## remove what was installed, generated and built; data stays
	@rm -rf node_modules .cache proto/gen services/api-gateway/ui/dist
