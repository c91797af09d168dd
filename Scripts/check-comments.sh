#!/usr/bin/env bash
# Lists the lines of comments in Swift and C that are longer than 110 characters, and fails if there are any.
# (swift-format wraps code and leaves comments alone.)
set -euo pipefail
cd "$(dirname "$0")/.."
if LC_ALL=C.UTF-8 locale charmap 2> /dev/null | grep -q UTF-8; then export LC_ALL=C.UTF-8; else export LC_ALL=en_US.UTF-8; fi

if grep -rnE --include='*.swift' --include='*.c' --include='*.h' '^.{111,}$' \
    Package.swift Sources Tests Snippets Benchmarks/Sources Fuzz/Sources | grep -E '^[^:]*:[0-9]*: *//'; then
    echo "check-comments: these lines are longer than 110 characters" >&2
    exit 1
fi
