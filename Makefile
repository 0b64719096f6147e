# The commands that people and CI run. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export CARGO_TERM_PROGRESS_WHEN ?= auto

DAPLET := target/release/daplet
# Tests always name the whole workspace: for other sets of packages Cargo would compile the dependencies again, with other features.
UNITS := $(patsubst %.rs,--test %,$(notdir $(wildcard host/tests/*.rs js-runtime/tests/*.rs js-runtime/crypto/tests/*.rs tests/fuzz/targets/tests/*.rs)))

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## Build what is missing, then serve on 127.0.0.1:8080
	@scripts/run

build: guest ## Build the server at target/release/daplet
	cargo build --release -p daplet-host

guest: sdk ## Build the guest (QuickJS, Web APIs and SDK as WebAssembly) at target/guest.wasm
	scripts/build-guest

engine-check: setup ## Which patches of the engine apply; with VERSION=x.y.z to another rquickjs-sys
	@scripts/engine check $(VERSION)

sdk: setup ## Build the npm package @daplet/sdk
	scripts/build-sdk

setup: ## Install what a build needs; says what it does
	@scripts/setup

test: build lint ## Everything that CI runs
	cargo test --release --workspace --lib --bins $(UNITS)
	cd sdk-js && npm test
	cd examples && npm test
	$(DAPLET) compile --cache-dir target/aot-cache
	cargo test --release --workspace --test inside
	scripts/setup-tests
	cargo test --release --workspace --test e2e -- --test-threads=1

lint: build ## Formatting, clippy, types and the linter for all TypeScript and JavaScript
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	scripts/lint-js

image: build ## Build the container image localhost/daplet; scripts/image takes a base and a tag
	scripts/image

faults: build ## Kill the server 200 times while it writes; the other faults that CI tries
	KILL_ROUNDS=$${KILL_ROUNDS:-200} cargo test --release --workspace --test e2e -- --test-threads=1 --nocapture faults:: durability::

isolation: build ## A million requests that plant secrets and search for each other's
	ISOLATION_REQUESTS=$${ISOLATION_REQUESTS:-1000000} ISOLATION_SECONDS=$${ISOLATION_SECONDS:-36000} cargo test --release --workspace --test e2e -- --test-threads=1 --nocapture isolation::

bench: build ## The benchmarks; docs/benchmarks.md explains the tables
	scripts/bench

fuzz: build ## Fuzz parsers and protocols for FUZZ_SECONDS each, then compare random programs; needs nightly
	$(DAPLET) compile --cache-dir target/aot-cache
	scripts/fuzz

test262: build ## All of test262 in the guest beside native QuickJS; the tests run a fortieth of it
	$(DAPLET) compile --cache-dir target/aot-cache
	TEST262=full cargo test --release --workspace --test e2e -- --nocapture test262

soak: build ## Mixed load for SOAK_MINUTES (30) with every answer checked; memory, files, threads and mappings stay level
	$(DAPLET) compile --cache-dir target/aot-cache
	cargo test --release --workspace --test e2e -- --ignored --exact soak::mixed_load_stays_level --nocapture

bench-peers: build ## Throughput beside other JavaScript runtimes, in one run; docs/benchmarks.md explains it
	scripts/bench-peers

clean: ## Remove what was built; keeps .deps
	rm -rf target tests/fuzz/target sdk-js/dist sdk-js/node_modules

.PHONY: help run build guest engine-check sdk setup test lint image faults isolation soak bench bench-peers fuzz test262 clean
