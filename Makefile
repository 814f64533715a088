# The whole of it in two commands: `make demo` shows the module at work, `make test` tests it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
# The steps of a target run in order: they share one cargo target directory.
.NOTPARALLEL:
.DEFAULT_GOAL := build
.PHONY: help setup build build-1.28 check test test-unit test-distribution test-chromium test-1.28 browser-test demo sanitize
.PHONY: docker-test stress fuzz matrix deb deb-test bench bench-instructions bench-memory bench-pools bench-micro clean

export CARGO_TARGET_DIR := $(CURDIR)/target
MODULE := release/libngx_http_shared_session_module.so
# Sets NGINX_SOURCE_DIR, NGINX_BUILD_DIR and NGINX_BINARY; stops where that fails.
NGINX := env=$$(scripts/nginx-sources); eval "$$env"
NGINX_1_28 := env=$$(scripts/nginx-1.28); eval "$$env"
# Modules of the distribution that tests load beside this one.
PACKAGED := libnginx-mod-http-brotli-filter libnginx-mod-http-headers-more-filter libnginx-mod-http-xslt-filter
BUILD := cargo build --release --package ngx_http_shared_session_module
# Beside it, for tests only, one that takes orders for faults.
FAULT_MODULE := debug/libngx_http_shared_session_module.so
BUILD_FAULTS := cargo build --package ngx_http_shared_session_module --features fault-injection
BROWSER_TESTS := TEST_NGINX_BINARY=$$NGINX_BINARY TEST_NGINX_MODULE=$(CARGO_TARGET_DIR)/$(MODULE) \
    cargo run --package shared-session-browser-tests --

# What the module is compared with, and what measures.
BENCH_PACKAGES := wrk libnginx-mod-http-lua libnginx-mod-http-js
BENCH := cargo build --release --package shared-session-bench && TEST_NGINX_BINARY=$$NGINX_BINARY \
    TEST_NGINX_MODULE=$(CARGO_TARGET_DIR)/$(MODULE) $(CARGO_TARGET_DIR)/release/shared-session-bench
PERFORMANCE := docs/performance.md

help: ## What can be made
	@sed -n 's/^\([a-z0-9.-]*\):.*## /\1\t/p' Makefile | expand -t 20

setup: ## Install with apt what is missing (all but Rust)
	@scripts/setup

build: setup ## The module, for this machine's nginx: target/release/libngx_http_shared_session_module.so
	@$(NGINX)
	$(BUILD)
	echo "$(CARGO_TARGET_DIR)/$(MODULE), for $$NGINX_BINARY"

build-1.28: setup ## nginx 1.28 and the module for it, under target/nginx-1.28
	@$(NGINX_1_28)
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/nginx-1.28 $(BUILD)

check: setup ## Formatting, lints, shell scripts; licences where cargo-deny is installed
	@scripts/setup shellcheck || echo "without shellcheck: shell scripts are not looked at" >&2
	$(NGINX)
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	# Other code is compiled for a newer nginx.
	$(NGINX_1_28)
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/nginx-1.28 cargo clippy --locked \
	    --package ngx_http_shared_session_module --features fault-injection -- --deny warnings
	scripts/check

test: test-unit test-distribution test-chromium test-1.28 ## All tests, against two versions of nginx

test-unit: setup ## What needs no nginx
	@cargo test --package shared-session-core --package shared-session-demo --package shared-session-bench

test-distribution: build ## A real nginx: the distribution's
	@scripts/setup $(PACKAGED) || echo "without $(PACKAGED): their tests say that they do not run" >&2
	$(NGINX)
	$(BUILD_FAULTS)
	TEST_NGINX_BINARY=$$NGINX_BINARY TEST_NGINX_MODULE=$(CARGO_TARGET_DIR)/$(MODULE) \
	    TEST_NGINX_FAULT_MODULE=$(CARGO_TARGET_DIR)/$(FAULT_MODULE) \
	    cargo test --package shared-session-tests

test-chromium: build ## The browser tests in Chromium, where it can be installed
	@cargo test --package shared-session-browser-tests
	if ! scripts/browsers chromium; then
	    printf '\nNOT RUN: the browser tests: Chromium cannot be installed here\n\n' >&2
	    exit 0
	fi
	$(NGINX)
	$(BROWSER_TESTS) chromium

test-1.28: build-1.28 ## A real nginx: 1.28
	@$(NGINX_1_28)
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/nginx-1.28 $(BUILD_FAULTS)
	TEST_NGINX_BINARY=$$NGINX_BINARY TEST_NGINX_MODULE=$(CARGO_TARGET_DIR)/nginx-1.28/$(MODULE) \
	    TEST_NGINX_FAULT_MODULE=$(CARGO_TARGET_DIR)/nginx-1.28/$(FAULT_MODULE) \
	    cargo test --package shared-session-tests

browser-test: build ## Chromium, Firefox and WebKit in all settings; writes the table in docs/browsers.md
	@scripts/browsers
	$(NGINX)
	$(BROWSER_TESTS) --write docs/browsers.md

# BASE says which Debian; debian:bookworm-slim.
docker-test: setup ## The journeys in containers: two nginx, Django under gunicorn, PostgreSQL
	@scripts/docker-test

# STRESS_DELIVERIES says how many tokens.
stress: build ## A million tokens, each brought twice at least, over killed workers and reloads
	@$(NGINX)
	STRESS_DELIVERIES=$${STRESS_DELIVERIES:-1000000} \
	    TEST_NGINX_BINARY=$$NGINX_BINARY TEST_NGINX_MODULE=$(CARGO_TARGET_DIR)/$(MODULE) \
	    cargo test --package shared-session-tests -- --nocapture attacks::stress

demo: build ## Three sites on http://alpha.localhost:8080 (DEMO_PORT) that share a visitor's session
	@$(NGINX)
	cargo build --release --package shared-session-demo
	DEMO_NGINX_BINARY=$$NGINX_BINARY DEMO_NGINX_MODULE=$(CARGO_TARGET_DIR)/$(MODULE) \
	    exec $(CARGO_TARGET_DIR)/release/shared-session-demo

sanitize: setup ## valgrind over a journey of 200 requests with a reload in the middle, AddressSanitizer over deliveries
	@scripts/valgrind-journey
	scripts/address-sanitizer delivery:: journey::

fuzz: setup ## The parsers and the table of used tokens, fed with bytes of any kind: SECONDS each (60)
	@scripts/fuzz $(or $(SECONDS),60)

# MATRIX_SOURCES="FOLDER ..." adds sources of nginx; ROWS="trixie dynamic" runs only these.
matrix: setup ## The integration tests against every nginx that can be had here, in a table
	@PACKAGED="$(PACKAGED)" scripts/matrix $(ROWS)

# RELEASE=trixie: of another Debian release, in a container.
deb: ## Debian's package for the nginx of this release, or of RELEASE: target/deb
	@if [[ -n "$(RELEASE)" ]] && ! grep -qsx "VERSION_CODENAME=$(RELEASE)" /etc/os-release; then
	    mkdir -p target/deb
	    PACKAGES="debhelper dpkg-dev lintian" MOUNT=target/deb scripts/in-debian $(RELEASE) scripts/deb /out
	else
	    scripts/deb
	fi

deb-test: ## That package in a clean container of Debian 12, or of RELEASE, with the nginx.conf in README
	@scripts/deb-test $(RELEASE)

# BENCH_OPTIONS, such as --quick or "--case Delivery", instead of the tables in docs/performance.md.
bench: build ## Throughput beside sub_filter, njs, Lua and the Python package; an idle machine, 15 minutes
	@scripts/setup $(BENCH_PACKAGES)
	$(NGINX)
	$(BENCH) rates $(or $(BENCH_OPTIONS),--write $(PERFORMANCE))

bench-instructions: build ## Instructions per request, with callgrind
	@scripts/setup $(BENCH_PACKAGES) valgrind
	$(NGINX)
	$(BENCH) instructions $(or $(BENCH_OPTIONS),--write $(PERFORMANCE))

bench-memory: build ## What workers keep after 5 million requests of each kind: half an hour
	@scripts/setup $(BENCH_PACKAGES)
	$(NGINX)
	$(BENCH) memory $(or $(BENCH_OPTIONS),--write $(PERFORMANCE))

bench-pools: setup ## What a request takes from its pool
	@env=$$(scripts/nginx-1.28 --debug-palloc); eval "$$env"
	CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/debug-palloc $(BUILD)
	cargo build --release --package shared-session-bench
	TEST_NGINX_BINARY=$$NGINX_BINARY TEST_NGINX_MODULE=$(CARGO_TARGET_DIR)/debug-palloc/$(MODULE) \
	    $(CARGO_TARGET_DIR)/release/shared-session-bench pools --write $(PERFORMANCE)

bench-micro: ## Seal, open, scan, look-up of cookies, one by one
	@cargo bench --package shared-session-core --bench micro

clean: ## Remove all that was built
	@rm -rf $(CARGO_TARGET_DIR) .cache
