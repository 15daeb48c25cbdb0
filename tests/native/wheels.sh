#!/usr/bin/env bash
# One wheel, built here, on the oldest and the newest supported JAX; and an install without a compiler.
#
#     tests/native/wheels.sh [OLDEST_PYTHON] [NEWEST_PYTHON]
set -euo pipefail
oldest=${1:-python3} newest=${2:-$oldest}
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pip="-m pip --quiet --disable-pip-version-check"

# The kernels against the reference, in an environment; the tests read no source but their own.
check() { # NAME PYTHON WHAT...
    local name=$1 python=$2
    shift 2
    "$python" -m venv "$work/$name"
    "$work/$name/bin/python" $pip install "$@" pytest hypothesis
    cp -r "$root/tests" "$work/$name/tests"
    (cd "$work/$name" && bin/recurra doctor | sed -n '/kernels/,/layers/p')
}
try() { # NAME
    (cd "$work/$1" && bin/python -m pytest -q --noconftest tests/test_kernels.py tests/test_optimizers.py -k "$some")
}
some="panels_end or every_level or eight_threads or say_so or rows_of_a_table or optimizers"

"$oldest" -m venv "$work/build"
"$work/build/bin/python" $pip wheel --no-deps --wheel-dir "$work" "$root"
wheel=$(ls "$work"/recurra-*.whl)
echo "built $(basename "$wheel")"

echo "oldest: $("$oldest" --version), JAX 0.10.0"
check oldest "$oldest" "$wheel" jax==0.10.0 jaxlib==0.10.0
try oldest
echo "newest: $("$newest" --version)"
check newest "$newest" --upgrade "$wheel"
"$work/newest/bin/python" -c 'from importlib.metadata import version as v; print(*(f"{n} {v(n)}" for n in ("jax", "jaxlib", "keras")))'
try newest

echo "without a compiler"
mkdir "$work/none"
for tool in c++ g++ cc gcc clang clang++; do printf '#!/bin/sh\nexit 1\n' > "$work/none/$tool"; done
chmod +x "$work/none/"*
CC="$work/none/cc" CXX="$work/none/c++" PATH="$work/none:$PATH" check portable "$oldest" --no-binary recurra "$root"
try portable
