# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
# Every target installs what it needs first (as root, on Debian 12) and can be run again at any time.
.DEFAULT_GOAL := help
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
RELEASE := build/release
SAY = @printf '\033[1m==> %s\033[0m\n'

.PHONY: help setup build run test bench fuzz lint install clean
.PHONY: build-tests build-asan build-tsan test-asan test-tsan test-release cluster

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## install the packages that fairlead is built and tested with
	@scripts/setup

build: setup ## build build/release/fairlead
	$(SAY) "building fairlead"
	@cmake --preset release > build-release.log 2>&1 || { cat build-release.log; exit 1; }; rm -f build-release.log
	@cmake --build --preset release -j $(JOBS) --target fairlead

run: build ## show the main job: 10,000 Services with iptables and with fairlead, then a tour
	@$(RELEASE)/fairlead lab run services
	@$(RELEASE)/fairlead lab tour

test: setup cluster ## build and run every test
	@$(MAKE) --no-print-directory test-asan test-tsan
	@$(MAKE) --no-print-directory test-release

test-asan test-tsan: test-%:
	$(SAY) "unit, contract, sim and fuzz corpora with $*"
	@cmake --preset $* -DFAIRLEAD_PROGRAM=OFF > /dev/null
	@cmake --build --preset $* -j $(JOBS)
	@ctest --preset $* -j $(JOBS) --no-tests=error -L 'unit|contract|sim|fuzz'

test-release:
	$(SAY) "all tests, as shipped"
	@cmake --preset release -DFAIRLEAD_E2E=ON > /dev/null
	@cmake --build --preset release -j $(JOBS)
	@ctest --preset release -j $(JOBS) --no-tests=error

cluster: setup
	$(SAY) "control plane for the end-to-end tests"
	@scripts/build-cluster

bench: build ## measure against kube-proxy in the same run
	@scripts/build-cluster --with-proxy
	@cmake --preset release -DFAIRLEAD_BENCH=ON > /dev/null
	@cmake --build --preset release -j $(JOBS)
	@tests/bench/run

fuzz: setup ## fuzz every decoder for FUZZ_SECONDS (default 30) each
	@cmake --preset fuzz > /dev/null
	@cmake --build --preset fuzz -j $(JOBS)
	@tests/fuzz/run $${FUZZ_SECONDS:-30}

lint: setup ## formatting, layers, clang-tidy
	@tools/format --check
	@tools/check_layers
	@cmake --preset debug > /dev/null
	@tools/tidy

install: build ## install the program, man page and completions under PREFIX
	@cmake --install $(RELEASE) --prefix $(PREFIX) > /dev/null
	@install -d $(PREFIX)/share/man/man8 $(PREFIX)/share/bash-completion/completions
	@$(PREFIX)/bin/fairlead man > $(PREFIX)/share/man/man8/fairlead.8
	@$(PREFIX)/bin/fairlead completion bash > $(PREFIX)/share/bash-completion/completions/fairlead
	$(SAY) "installed $(PREFIX)/bin/fairlead"

clean: ## remove everything that was built here
	@rm -rf build
