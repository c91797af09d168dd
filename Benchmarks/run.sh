#!/usr/bin/env bash
# Measures the worker pool, attention and embeddings beside their peers, in turns, in one run.
#
#   Benchmarks/run.sh [MODEL-FOLDER]
#
# PYTHON names an interpreter that has Scripts/requirements.txt; without it an environment is made in .venv.
# ATTENTION_THREADS sets the threads of both sides (all processors by default).
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
model="$(cd "${1:-$root/Models/all-MiniLM-L6-v2}" && pwd)"
cd "$root/Benchmarks"

if [ -z "${PYTHON:-}" ]; then
    PYTHON="$root/.venv/bin/python"
    if [ ! -x "$PYTHON" ]; then
        python3 -m venv "$root/.venv"
        "$PYTHON" -m pip install --quiet -r "$root/Scripts/requirements.txt"
    fi
fi
threads="${ATTENTION_THREADS:-$(nproc 2>/dev/null || sysctl -n hw.ncpu)}"
export ATTENTION_THREADS="$threads"

swift build -c release
sentences="$(mktemp)"
trap 'rm -f "$sentences"' EXIT
"$PYTHON" peers/make_sentences.py "$sentences"
bench=.build/release/attend-bench
"$bench" pool
"$bench" attention --python "$PYTHON" --threads "$threads"
ATTENTION_THREADS=1 "$bench" attention --python "$PYTHON" --threads 1 --rounds 7
"$bench" masks
"$bench" products --python "$PYTHON" --threads "$threads"
"$bench" map
"$bench" backward --python "$PYTHON" --threads "$threads"
"$bench" decode --python "$PYTHON" --threads "$threads"
"$bench" sampling --python "$PYTHON"
"$bench" gradients --python "$PYTHON" --threads "$threads"
"$bench" embeddings --python "$PYTHON" --threads "$threads" --model "$model" --file "$sentences"
