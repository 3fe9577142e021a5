# The two commands of the README are `make run` and `make test`; `make help` lists the rest.
# Every target installs what it needs first (as root, on Debian 12) and can be run again at any time.
.DEFAULT_GOAL := help
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
TO = $(DESTDIR)$(PREFIX)
RELEASE := build/release
SAY = @printf '\033[1m==> %s\033[0m\n'

.PHONY: help setup build run test bench fuzz lint install clean
.PHONY: setup-run setup-test setup-fuzz setup-lint test-asan test-tsan test-release cluster

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## install the packages for everything below; each target installs what it needs itself
	@scripts/setup

setup-run:
	@scripts/setup build run
setup-test:
	@scripts/setup build run test
setup-fuzz:
	@scripts/setup build test fuzz
setup-lint:
	@scripts/setup build run test lint

# $(call configure,PRESET,OPTIONS): the log is shown only if it failed.
configure = mkdir -p build && { cmake --preset $(1) $(2) > build/configure-$(1).log 2>&1 || { cat build/configure-$(1).log; exit 1; }; }

build: setup-run ## build build/release/fairlead
	$(SAY) "building fairlead"
	@$(call configure,release,-DFAIRLEAD_TESTS=OFF)
	@cmake --build --preset release -j $(JOBS) --target fairlead

run: build ## show the main job: 10,000 Services with iptables and with fairlead, then a tour
	@$(RELEASE)/fairlead lab run services
	@$(RELEASE)/fairlead lab tour

test: setup-test cluster ## build and run every test
	@$(MAKE) --no-print-directory test-asan test-tsan
	@$(MAKE) --no-print-directory test-release

# Only what is run is built: what needs the kernel or the program runs as shipped, corpora need no threads.
test-asan: LABELS := unit|contract|sim|fuzz
test-tsan: LABELS := unit|contract|sim
test-asan test-tsan: test-%:
	$(SAY) "$(LABELS) with $*"
	@$(call configure,$*,-DFAIRLEAD_PROGRAM=OFF '-DFAIRLEAD_TEST_LABELS=$(LABELS)')
	@cmake --build --preset $* -j $(JOBS)
	@ctest --preset $* -j $(JOBS) --no-tests=error -L '$(LABELS)'

test-release:
	$(SAY) "all tests, as shipped"
	@$(call configure,release,-DFAIRLEAD_TESTS=ON -DFAIRLEAD_E2E=ON)
	@cmake --build --preset release -j $(JOBS)
	@ctest --preset release -j $(JOBS) --no-tests=error

cluster: setup-test
	$(SAY) "control plane and kube-proxy for the end-to-end tests"
	@scripts/build-cluster

bench: setup-test ## measure against kube-proxy in the same run
	@scripts/build-cluster
	@$(call configure,release,-DFAIRLEAD_TESTS=ON -DFAIRLEAD_BENCH=ON)
	@cmake --build --preset release -j $(JOBS)
	@tests/bench/run

fuzz: setup-fuzz ## fuzz every decoder for FUZZ_SECONDS (default 30) each
	@$(call configure,fuzz,)
	@cmake --build --preset fuzz -j $(JOBS)
	@tests/fuzz/run $${FUZZ_SECONDS:-30}

lint: setup-lint ## formatting, layers, calls, documentation, clang-tidy
	@tools/format --check
	@tools/check_layers
	@tools/check_calls
	@tools/check_docs
	@$(call configure,debug,)
	@tools/tidy

# $(call install_output,COMMAND,FILE): what the program prints, and nothing if it fails.
install_output = printed=$$(mktemp) && trap 'rm -f "$$printed"' EXIT && "$(RELEASE)/fairlead" $(1) > "$$printed" && install -D -m 644 "$$printed" "$(TO)/$(2)"

install: build ## install the program, man page and completions under DESTDIR and PREFIX
	@install -D -m 755 "$(RELEASE)/fairlead" "$(TO)/bin/fairlead"
	@$(call install_output,man,share/man/man8/fairlead.8)
	@$(call install_output,completion bash,share/bash-completion/completions/fairlead)
	@$(call install_output,completion zsh,share/zsh/site-functions/_fairlead)
	@$(call install_output,completion fish,share/fish/vendor_completions.d/fairlead.fish)
	$(SAY) "installed $(TO)/bin/fairlead"

clean: ## remove everything that was built here
	@rm -rf build
