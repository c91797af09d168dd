#!/usr/bin/env bash
# What the package does, on a real model: embed, rank, look.
#
#   Scripts/demo.sh MODEL-FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
model="${1:-Models/all-MiniLM-L6-v2}"
attend=.build/release/attend
output=demo-output
mkdir -p "$output"

step() { printf '\n\033[1m%s\033[0m\n' "$1"; }
# Prints a command the way a person would type it, and runs it.
run() {
    printf '$'
    for word in "$@"; do
        case "$word" in *" "*|*"'"*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    "$@"
}

cat > "$output/notes.txt" <<'TEXT'
The cat sleeps on the warm windowsill all afternoon.
Interest rates rose again, and mortgages became dearer.
A kitten dozed in the sunshine by the glass.
The orchestra rehearsed the symphony until midnight.
Central banks are trying to slow down inflation.
She tuned her violin before the concert.
TEXT

step "1. A sentence becomes a vector (its first eight numbers of 384)"
printf '$ %s embed --model %s "The cat sleeps on the windowsill."\n' "$attend" "$model"
"$attend" embed --model "$model" "The cat sleeps on the windowsill." | cut -d ' ' -f 1-8

step "2. Sentences ranked by meaning: no word of the query is in the best ones"
run "$attend" rank --model "$model" --query "a pet taking a nap" --file "$output/notes.txt"

step "3. What the model looks at"
run "$attend" look --model "$model" "The animal did not cross the street because it was tired." \
    --layer 4 --hide-special
run "$attend" look --model "$model" "The animal did not cross the street because it was tired." \
    --html "$output/attention.html"

printf '\nOpen %s in a browser: every layer and head, offline, from one file.\n' "$PWD/$output/attention.html"
