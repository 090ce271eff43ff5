# Two commands do everything on a machine with Python 3.11, git and make: `make demo` and `make test`.
# With uv on the PATH it makes the environment; otherwise venv and pip do.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test lint types layers bench wheel clean

demo: $(READY)  ## the console on a live drill: an embedded AWS with a data leak unfolding
	$(BIN)/socconsole drill leak --push

test: $(READY)  ## the whole test suite
	$(BIN)/python -m pytest -n 3 --dist loadgroup

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

bench: $(READY)  ## paired figures; see bench/README.md
	$(BIN)/python -m bench

wheel: $(READY)  ## build the wheel and start it in a clean environment
	PYTHON=$(PYTHON) $(BIN)/python .ci/wheel.py

$(READY): pyproject.toml constraints.txt
	@echo "making $(VENV) with what socconsole needs: about a minute …"
	@if command -v uv >/dev/null 2>&1; then \
	    uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	    uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[drill,dev]'; \
	else \
	    $(PYTHON) -m venv $(VENV) && \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[drill,dev]'; \
	fi
	@touch $(READY)

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
