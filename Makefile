# Everything builds what it needs: Python 3.11 or later, pip, make and git are enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
SCALE ?= 0.01
SEED ?= 1
EXTRAS ?= report,test
NOTEBOOKS ?= en
BUNDLE_EXTRAS ?= report
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LINTERS := $(VENV)/.linters
EXTRACT := out/extract_$(SCALE)_$(SEED)
RESULTS := out/smart_industry_2020

.PHONY: report vouchers michigan test lint bench-check format notebooks lab docs bundle bundle-check clean

report: $(INSTALLED) $(EXTRACT)/simulation.json
	$(BIN)/si-eval run data/studies/smart_industry_2020.toml --extract $(EXTRACT) --out $(RESULTS)

vouchers: EXAMPLE := innovation_vouchers
michigan: EXAMPLE := michigan_training
vouchers michigan: $(INSTALLED)
	rm -rf out/$(EXAMPLE)
	$(BIN)/si-eval example $(EXAMPLE) out/$(EXAMPLE)
	$(BIN)/si-eval run out/$(EXAMPLE)/study.toml --out out/$(EXAMPLE)/results

$(EXTRACT)/simulation.json: $(INSTALLED)
	rm -rf $(EXTRACT)
	mkdir -p out
	$(BIN)/si-eval simulate $(EXTRACT) --scale $(SCALE) --seed $(SEED)

notebooks: $(INSTALLED)
	for language in nl en; do $(BIN)/si-eval notebooks notebooks/$$language --language $$language --overwrite; done

docs: $(INSTALLED) $(EXTRACT)/simulation.json
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	SI_EVAL_EXTRACT=$(abspath $(EXTRACT)) NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "documentation: out/docs/index.html"

bundle: $(INSTALLED)
	rm -rf out/bundle
	$(BIN)/python bundle/make_bundle.py out/bundle --extras '$(BUNDLE_EXTRAS)'

bundle-check: out/bundle/SHA256SUMS
	rm -rf out/bundle_check
	PYTHON=$(PYTHON) bundle/check_offline.sh out/bundle out/bundle_check

out/bundle/SHA256SUMS:
	$(MAKE) bundle

lab: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[notebooks]'
	$(BIN)/jupyter lab notebooks/$(NOTEBOOKS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(LINTERS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-check: $(INSTALLED)
	$(BIN)/python benchmarks/check.py

format: $(LINTERS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	touch $@

$(LINTERS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) out
