# The commands of README.md and CONTRIBUTING.md. Each sets up the environment that it needs, in .venv.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test wheel fuzz faults bench format docs figures clean

demo: $(VENV)/.installed
	$(BIN)/galaxy-sklearn demo

test: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest
	$(MAKE) wheel

# What is installed from the wheel, in an empty environment, answers.
wheel: $(VENV)/.installed
	rm -rf build dist
	$(BIN)/python -m build --quiet
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	$(BIN)/python tests/installed.py dist/*.whl

# FUZZ="--seconds 60 --seed 7" for fewer files, or others.
fuzz: $(VENV)/.installed
	$(BIN)/python benchmarks/fuzz.py $(FUZZ)

# FAULTS="--images 2000 --kills 5" for a shorter run.
faults: $(VENV)/.installed
	$(BIN)/python benchmarks/faults.py $(FAULTS)

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# BENCH="--images DIR" measures on real JPEG files.
bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	$(BIN)/python benchmarks/performance.py --output docs/performance.md $(BENCH)

# The site, in docs/_build/html: every warning is an error, and nothing is fetched from a network.
# DOCS="-D plot_gallery=0" leaves out the run of the examples.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --jobs 2 --doctree-dir docs/_build/doctrees \
	    $(DOCS) docs docs/_build/html
	$(BIN)/python docs/check_offline.py docs/_build/html

# The pictures that README.md shows.
figures: $(VENV)/.installed
	$(BIN)/python docs/make_figures.py

clean:
	rm -rf $(VENV) build dist *.egg-info docs/_build docs/api/backreferences docs/api/generated docs/auto_examples

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	    "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

$(VENV)/.docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@
