#!/usr/bin/env bash
# Runs the tests that `swift build -c release --build-tests` built, and says at the end which were skipped, and why.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

status=0
swift test -c release --skip-build 2>&1 | tee "$log" || status=$?

# A line such as: ➜ Test name() skipped: "reason", in colours or not
plain() { sed -E $'s/\x1b\\[[0-9;]*m//g' "$log"; }
# (An argument of a test case may be called "skipped", too.)
skipped=$(plain | grep -E '^[^ ]+ +Test .* skipped' | grep -vE '^[^ ]+ +Test case passing ' || true)
if [ -n "$skipped" ]; then
    echo
    echo "$(grep -c . <<< "$skipped") tests were skipped:"
    sed -E 's/.* skipped:? *//; s/^"(.*)"$/\1/' <<< "$skipped" | sort | uniq -c |
        while read -r count reason; do printf '  %3d  %s\n' "$count" "${reason:-no reason given}"; done
    echo "Models come with \`make model\`. Published test data is read from the folder that ATTENTION_TEST_DATA names;"
    echo "CONTRIBUTING.md lists what it holds and where it is published."
    plain | grep -E '^[^ ]+ +Test run with' || true
fi
exit "$status"
