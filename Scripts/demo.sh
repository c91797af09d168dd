#!/usr/bin/env bash
# Shows the package on real models: embed, rank, look and, where a language model is there, a conversation.
#
#   Scripts/demo.sh ENCODER-FOLDER [LANGUAGE-MODEL]
set -euo pipefail
cd "$(dirname "$0")/.."
model="${1:-Models/all-MiniLM-L6-v2}"
language_model="${2:-}"
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

if [ -e "$language_model" ]; then
    step "4. A language model continues a text, and a page shows what it looked at"
    run "$attend" generate --model "$language_model" "Once upon a time, there was a fox who" --max-tokens 40
    run "$attend" look --model "$language_model" "The capital of France is" --generate 8 \
        --html "$output/generated.html"
fi

printf '\nOpen %s in a browser: every layer and head, offline, from one file.\n' "$PWD/$output/attention.html"
