# Every task of the project. `make demo` and `make test` are all that a newcomer needs.
SHELL := /bin/bash
MODELS := Models
ENCODER := $(MODELS)/all-MiniLM-L6-v2
LANGUAGE_MODEL := $(MODELS)/SmolLM2-135M-Instruct.Q4_1.gguf
PYTHON ?= python3
SWIFT_FOLDERS := Package.swift Sources Tests Snippets Examples Benchmarks/Package.swift Benchmarks/Sources Fuzz/Package.swift Fuzz/Sources

.PHONY: help demo model language-model build test test-schemas test-scheduler test-kernels test-lint-text bench fuzz format lint lint-text docs fixtures clean

help: ## This list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-15s %s\n", $$1, $$2}'

demo: build ## Build, fetch two real models, embed and rank sentences, continue a text, and show what a model looks at.
	@Scripts/fetch-model.sh $(ENCODER)
	@Scripts/fetch-model.sh $(LANGUAGE_MODEL) || echo "make demo: no language model, so its part is left out" >&2
	@Scripts/demo.sh $(ENCODER) $(LANGUAGE_MODEL)

model: ## Fetch the sentence encoder all-MiniLM-L6-v2 (91 MB), checked by its sha256.
	@Scripts/fetch-model.sh $(ENCODER)

language-model: ## Fetch the language model SmolLM2-135M-Instruct (98 MB), checked by its sha256.
	@Scripts/fetch-model.sh $(LANGUAGE_MODEL)

# One configuration and one set of flags everywhere, so that nothing is built twice.
build: ## Build the release program, .build/release/attend.
	swift build -c release --product attend

# Release, because C without optimisation is a hundred times slower.
test: ## Run every test. Fetches the encoder first if it can; without it, its tests are skipped.
	@Scripts/fetch-model.sh $(ENCODER) || echo "make test: no model, so the tests that need it will be skipped" >&2
	swift build -c release --build-tests
	@Scripts/run-tests.sh

test-schemas: ## Run the public JSON Schema Test Suite: make test-schemas SUITE=path/to/JSON-Schema-Test-Suite
	swift build -c release --build-tests
	ATTENTION_SCHEMA_SUITE=$(abspath $(SUITE)) swift test -c release --skip-build --filter SchemaSuiteTests

REQUESTS ?= 5000
test-scheduler: ## Random arrivals, cancellations and errors of 5000 texts: make test-scheduler REQUESTS=5000
	swift build -c release --build-tests
	ATTENTION_SCHEDULER_REQUESTS=$(REQUESTS) swift test -c release --skip-build --filter SchedulerTests

test-kernels: ## Check the C kernels on every instruction set, NEON under an emulator.
	Scripts/test-kernels.sh

bench: model ## Measure beside PyTorch and ONNX Runtime, which are installed into .venv.
	Benchmarks/run.sh $(ENCODER)

READER ?= tokenizer
SECONDS ?= 60
fuzz: ## Feed damaged files to a reader: make fuzz READER=gguf SECONDS=600 (see Fuzz/Sources/attend-fuzz).
	Fuzz/run.sh $(READER) $(SECONDS)

format: ## Format all Swift.
	swift format --in-place --recursive $(SWIFT_FOLDERS)

lint: ## Check the formatting of all Swift, the length of comment lines, and the READMEs' code.
	swift format lint --strict --recursive $(SWIFT_FOLDERS)
	Scripts/check-comments.sh
	Scripts/check-snippets.sh

lint-text: build ## Find comparisons of String, which treat different texts as equal, in the compiled code.
	$(PYTHON) Scripts/check_text.py .build/release

test-lint-text: ## Plant such comparisons in a small module, and see that each is found.
	$(PYTHON) Scripts/test_check_text.py

docs: build ## Build the documentation of the libraries into .build/documentation; a warning is an error.
	Scripts/build-docs.sh

fixtures: model ## Make the tests' stored references again, with the reference libraries in .venv.
	$(PYTHON) -m venv .venv && .venv/bin/pip install --quiet -r Scripts/requirements.txt
	.venv/bin/python Scripts/make_fixtures.py --model $(ENCODER)

clean: ## Remove everything that was built.
	rm -rf .build Benchmarks/.build Fuzz/.build .venv
