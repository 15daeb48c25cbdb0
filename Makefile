# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# a worker for each processor; files stay whole, for what their tests share
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile
NATIVE := $(wildcard src/recurra/kernels/cpu/*.cpp src/recurra/kernels/cpu/*.h)

.PHONY: demo test check docs sanitize clean

demo: .venv/installed
	$(BIN)/recurra demo --overwrite

test: .venv/installed
	$(PYTEST)

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

docs: .venv/installed
	$(BIN)/python docs/reference.py

.venv/installed: pyproject.toml CMakeLists.txt $(NATIVE)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The native kernels by themselves, watched for bad addresses, undefined behaviour and races.
sanitize: .venv/installed
	for kind in address,undefined thread; do \
		cmake -S . -B build/$$kind -DRECURRA_SANITIZE=$$kind -DCMAKE_BUILD_TYPE=Release \
			-DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python > /dev/null && \
		cmake --build build/$$kind --target exercise && \
		find build/$$kind -name exercise -type f -exec {} \; || exit 1; \
	done

clean:
	rm -rf .venv runs build dist
