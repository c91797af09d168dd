#!/usr/bin/env bash
# Builds llama.cpp for this machine, from the source that PyPI's llama-cpp-python carries, into a folder that git ignores,
# and writes the models of make_llama_models.py.
#
#   Benchmarks/peers/build_llama_cpp.sh [SIZE|TYPE …]
#
# PYTHON names an interpreter with numpy. What is there already is not made again. It takes some minutes.
set -euo pipefail
version="0.3.36"
here="$(cd "$(dirname "$0")" && pwd)"
work="$here/../.build-llama.cpp"
mkdir -p "$work"
work="$(cd "$work" && pwd)"

tools="$work/tools"
if [ ! -x "$tools/bin/ninja" ]; then
    "${PYTHON:-python3}" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet cmake ninja numpy pyyaml requests scikit-build-core tqdm
fi

source="$work/llama_cpp_python-$version"
if [ ! -d "$source" ]; then
    "$tools/bin/python" -m pip download --quiet --no-deps --no-binary :all: --no-build-isolation \
        --dest "$work" "llama-cpp-python==$version"
    tar -xzf "$work/llama_cpp_python-$version.tar.gz" -C "$work"
fi
source="$source/vendor/llama.cpp"

if [ ! -x "$work/build/bin/llama-bench" ]; then
    "$tools/bin/cmake" -S "$source" -B "$work/build" -G Ninja -DCMAKE_MAKE_PROGRAM="$tools/bin/ninja" \
        -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF \
        -DLLAMA_BUILD_UI=OFF >/dev/null
    "$tools/bin/ninja" -C "$work/build" llama-bench
fi

PYTHONPATH="$source/gguf-py" "$tools/bin/python" "$here/make_llama_models.py" "$work/models" "$@"
echo "llama-bench: $work/build/bin/llama-bench"
echo "models: $work/models"
