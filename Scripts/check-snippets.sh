#!/usr/bin/env bash
# Checks that the Swift code in the READMEs and articles is what Snippets/ holds, which every build compiles.
#
#   Scripts/check-snippets.sh [--update]
#
# A block of code follows a line such as <!-- snippet: Generate.constrain -->, which names a file and a part of
# it: the lines between `// snippet.constrain` and `// snippet.end`. With --update the blocks are written anew.
# A block that is a package's manifest follows <!-- manifest -->, and is read by SwiftPM.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status=0

for page in README.md README.zh-CN.md $(find Sources -path '*.docc/*.md'); do
    awk -v page="$page" -v manifest="$folder/Package.swift" '
        function complain(text) { print "check-snippets: " page ":" NR ": " text > "/dev/stderr"; failed = 1 }
        function quote(name,   parts, path, line, on, count) {
            split(name, parts, ".")
            path = "Snippets/" parts[1] ".swift"
            while ((getline line < path) > 0) {
                if (line == "// snippet." parts[2]) { on = 1; continue }
                if (line == "// snippet.end") on = 0
                if (on) { print line; count++ }
            }
            close(path)
            if (!count) complain("no snippet " name)
        }
        # skips: an outdated block, up to its end. inside: any other block.
        skips { if (/^```$/) { skips = 0; print } ; next }
        inside { if (/^```$/) inside = 0; else if (isManifest) print > manifest; print; next }
        /^<!-- snippet: .* -->$/ { mark = $3; print; next }
        /^<!-- manifest -->$/ { mark = "manifest"; print; next }
        /^```swift$/ {
            print
            isManifest = mark == "manifest"
            if (mark == "") complain("a block of Swift that names no snippet")
            if (mark == "" || isManifest) inside = 1
            else { quote(mark); skips = 1 }
            mark = ""
            next
        }
        /^```/ { inside = 1; isManifest = 0 }
        { if (mark != "") { complain("no block of Swift after the name of a snippet"); mark = "" } print }
        END { exit failed }
    ' "$page" > "$folder/page" || status=1
    if [ -s "$folder/Package.swift" ]; then
        swift package --package-path "$folder" dump-package > /dev/null || status=1
        rm -f "$folder/Package.swift"
    fi
    if cmp -s "$page" "$folder/page"; then continue; fi
    if [ "${1:-}" = --update ] && [ "$status" = 0 ]; then
        cp "$folder/page" "$page"
    else
        diff -u "$page" "$folder/page" || true
        echo "check-snippets: $page differs from Snippets/; Scripts/check-snippets.sh --update mends it" >&2
        status=1
    fi
done
exit "$status"
