#!/usr/bin/env bash
# Feeds damaged files to one reader for a while: Fuzz/run.sh READER [SECONDS]. What is found stands in
# Fuzz/Finds/READER; run it again with: FUZZ_READER=READER attend-fuzz FILE.
set -euo pipefail
cd "$(dirname "$0")"
reader=${1:?"which reader: see the list in Sources/attend-fuzz/Fuzz.swift"}
seconds=${2:-60}

swift build -c release --sanitize=fuzzer --product attend-fuzz
folder=Finds/$reader
mkdir -p "$folder/corpus"
python3 make_seeds.py "$reader" "$folder"

# Swift's own handler of crashes would keep libFuzzer from saving what crashed.
export SWIFT_BACKTRACE=enable=no
# A find is also an input that takes more than 5 seconds, or half a gigabyte at once.
FUZZ_READER=$reader .build/release/attend-fuzz "$folder/corpus" "$folder/seeds" \
    -dict="$folder/words" -artifact_prefix="$folder/" -max_total_time="$seconds" \
    -timeout=5 -malloc_limit_mb=512 -rss_limit_mb=4096 -max_len="${MAX_LENGTH:-16384}" -print_final_stats=1 -verbosity=1 \
    > "$folder/log" 2>&1 || { tail -n 40 "$folder/log"; echo "Fuzz: found something: see $PWD/$folder" >&2; exit 1; }
grep -E 'stat::(number_of_executed_units|peak_rss_mb)' "$folder/log"
grep -E 'cov:' "$folder/log" | tail -n 1
