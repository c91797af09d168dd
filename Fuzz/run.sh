#!/usr/bin/env bash
# Feeds damaged files to one reader for a while: Fuzz/run.sh READER [SECONDS]. Its finds lie in
# Fuzz/Finds/READER; run one again with: FUZZ_READER=READER attend-fuzz FILE.
set -euo pipefail
cd "$(dirname "$0")"

# The names in the readers' files, as in: static let gguf = Reader(name: "gguf", …
readers=$(cat Sources/attend-fuzz/Readers/*.swift | tr '\n' ' ' | grep -oE 'Reader\( *name: "[a-z]+"' | cut -d'"' -f2 | sort)
reader=${1:-}
if ! grep -qxF -- "$reader" <<< "$readers"; then
    [ -z "$reader" ] || echo "Fuzz: there is no reader '$reader'" >&2
    printf 'usage: Fuzz/run.sh READER [SECONDS]\nThe readers are:\n' >&2
    sed 's/^/  /' <<< "$readers" >&2
    exit 64
fi
seconds=${2:-60}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "Fuzz: expected a number of seconds, 1 or more, found '$seconds'" >&2
    exit 64
fi

swift build -c release --sanitize=fuzzer --product attend-fuzz
folder=Finds/$reader
mkdir -p "$folder/corpus"
python3 make_seeds.py "$reader" "$folder"

# Swift's own handler of crashes would keep libFuzzer from saving the input.
export SWIFT_BACKTRACE=enable=no
# An input that takes more than 5 seconds, or half a gigabyte at once, is a find, too.
status=0
FUZZ_READER=$reader .build/release/attend-fuzz "$folder/corpus" "$folder/seeds" \
    -dict="$folder/words" -artifact_prefix="$folder/" -max_total_time="$seconds" \
    -timeout=5 -malloc_limit_mb=512 -rss_limit_mb=4096 -max_len="${MAX_LENGTH:-16384}" -print_final_stats=1 \
    -verbosity=1 > "$folder/log" 2>&1 || status=$?
if [ "$status" -ne 0 ]; then
    tail -n 40 "$folder/log"
    # libFuzzer names the file of a find; without one, the fuzzer itself could not run.
    if grep -q 'Test unit written to' "$folder/log"; then
        echo "Fuzz: found something: see $PWD/$folder" >&2
        exit 1
    fi
    echo "Fuzz: attend-fuzz ended with code $status and found nothing: see $PWD/$folder/log" >&2
    exit 70
fi
grep -E 'stat::(number_of_executed_units|peak_rss_mb)' "$folder/log"
grep -E 'cov:' "$folder/log" | tail -n 1
