# Every task of the project. `make demo` and `make test` are all that a newcomer needs.
SHELL := /bin/bash
MODEL := Models/all-MiniLM-L6-v2
PYTHON ?= python3

.PHONY: help demo model build test test-kernels bench fuzz format lint docs fixtures clean

help: ## This list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: build model ## Build, fetch a real model, embed and rank sentences, and show what one looks at.
	@Scripts/demo.sh $(MODEL)

model: ## Fetch all-MiniLM-L6-v2 (91 MB), checked by its sha256.
	@Scripts/fetch-model.sh $(MODEL)

build: ## Build the release program, .build/release/attend.
	swift build -c release --product attend

# Release, because C without optimisation is a hundred times slower. Warnings are errors in our own targets.
test: ## Run every test. Fetches the model first if it can; without it, its tests are skipped.
	@Scripts/fetch-model.sh $(MODEL) || echo "make test: no model, so the tests that need it will be skipped" >&2
	ATTENTION_STRICT=1 swift build -c release --build-tests
	ATTENTION_STRICT=1 swift test -c release --skip-build

test-kernels: ## Check the C kernels on every instruction set, NEON under an emulator.
	Scripts/test-kernels.sh

bench: model ## Measure beside PyTorch and ONNX Runtime, which are installed into .venv.
	Benchmarks/run.sh $(MODEL)

READER ?= tokenizer
SECONDS ?= 60
fuzz: ## Feed damaged files to a reader: make fuzz READER=gguf SECONDS=600 (see Fuzz/Sources/attend-fuzz).
	Fuzz/run.sh $(READER) $(SECONDS)

format: ## Format all Swift.
	swift format --in-place --recursive Package.swift Sources Tests Snippets Benchmarks/Package.swift Benchmarks/Sources Fuzz/Package.swift Fuzz/Sources

lint: ## Check the formatting of all Swift.
	swift format lint --strict --recursive Package.swift Sources Tests Snippets Benchmarks/Package.swift Benchmarks/Sources Fuzz/Package.swift Fuzz/Sources

docs: ## Build the documentation of the libraries; a warning is an error.
	@for target in AttentionTensors Attention AttentionFiles AttentionTokenizers AttentionGrammars AttentionModels AttentionGeneration AttentionMaps; do \
		ATTENTION_DOCS=1 swift package generate-documentation --target $$target --warnings-as-errors || exit 1; done

fixtures: ## Make the tests' stored references again, with the reference libraries in .venv.
	$(PYTHON) -m venv .venv && .venv/bin/pip install --quiet -r Scripts/requirements.txt
	.venv/bin/python Scripts/make_fixtures.py --model $(MODEL)

clean: ## Remove everything that was built.
	rm -rf .build Benchmarks/.build Fuzz/.build .venv
