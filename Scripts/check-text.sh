#!/usr/bin/env bash
# Finds text that is compared as String. Modules with places that are still to be converted are listed below
#
#     Scripts/check-text.sh [--all] BUILD
#
# BUILD is the folder of a build of the package, such as .build/release. String compares by canonical equivalence:
# é as one scalar equals e with an accent, and the Kelvin sign equals K. JSON, tokenizers and templates tell them
# apart, so text from outside is compared, hashed and ordered as an ExactString.
#
# The compiled code is asked, because it alone knows the types: whatever the source looks like (==, switch, contains,
# a Set or a Dictionary of String, a generic function), it ends in a call of one of the standard library's functions or
# conformances below. The debug information says which line calls it. Comparisons that the compiler writes itself (in
# synthesized conformances: raw values, coding keys, Hashable of a struct) are listed only with --all. A line whose
# text is the program's own says so, or the line before it, with a comment: // exact-text: and a reason. A file says so
# once with: // exact-text, whole file: and a reason.
#
# It does not see comparisons that happen inside Foundation and other libraries (range(of:), components(separatedBy:)),
# code of a generic type that is not specialised and finds its conformance at run time, and code that was not compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

all=0
[[ ${1:-} == --all ]] && { all=1; shift; }
build=${1:?"usage: Scripts/check-text.sh [--all] BUILD"}
for tool in nm objdump; do
    command -v "$tool" >/dev/null || { echo "check-text: $tool (binutils) is needed" >&2; exit 2; }
done

# String's ==, !=, <, hash(into:), hasPrefix and hasSuffix, what they call once they are inlined, the switch over
# strings, and String's and Substring's conformances to Equatable, Hashable and Comparable.
symbols='\$sSS2eeoiySbSS_SStFZ|\$sSS1loiySbSS_SStFZ|\$ss27_stringCompareWithSmolCheck|\$ss22_stringCompareInternal'
symbols+='|\$ss14_stringCompare_|\$ss21_findStringSwitchCase|\$sSS4hash4into|\$sSS9hasPrefixySbSSF|\$sSS9hasSuffixySbSSF'
symbols+='|\$sSSSHsWP|\$sSSSQsWP|\$sSSSLsWP|\$sSsSHsWP|\$sSsSQsWP|\$sSsSLsWP|\$sSSSHsMc|\$sSSSQsMc|\$sSSSLsMc'

# Only this package's modules, and of these only the object files that refer to one of the symbols.
objects=()
for module in Sources/*/; do
    folder="$build/$(basename "$module").build"
    [[ -d $folder ]] || continue
    while IFS= read -r object; do objects+=("$object"); done < <(
        find "$folder" -name '*.o' -print0 | xargs -0 nm -A -u 2>/dev/null | grep -E "$symbols" | sed 's/\.o:.*/.o/' | sort -u)
done
[[ -d $build ]] || { echo "check-text: there is no build at $build" >&2; exit 2; }

# objdump writes, before the instructions of a line, the line and the function, and what it is inlined into; then
# each reference. The innermost line in Sources belongs to this package. Without one, the function is a specialisation of the
# standard library's for String (a dictionary, a set, a search), or one that the compiler wrote.
findings=$(
    for object in ${objects[@]+"${objects[@]}"}; do
        objdump -d -l -r --inlines --no-show-raw-insn "$object" | awk -v symbols="$symbols" -v object="$object" '
            /^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name); place = ""; fresh = 0; next }
            /R_[A-Z0-9]+_/ { if (match($0, symbols)) print object "|" name "|" place; next }
            /^ *[0-9a-f]+:\t/ { fresh = 1; next }
            {
                # A new group of lines begins after an instruction.
                if (fresh) { place = ""; fresh = 0 }
                if (place == "" && match($0, /Sources\/[^ ]*\.swift:[0-9]+/)) place = substr($0, RSTART, RLENGTH)
            }'
    done | sort -u
)

# Folders whose own texts (paths, options, names of tensors, of Jinja's filters) are not converted yet: counted, and
# not an error.
pending=(Attention/ AttentionFiles/ AttentionGeneration/ AttentionGrammars/ AttentionHub/ AttentionMaps/ AttentionModels/
    AttentionTensors/ AttentionTokenizers/ChatTemplates/ attend/)
status=0
count=0
report() {
    local folder isPending=0
    for folder in "${pending[@]}"; do [[ $1 == "Sources/$folder"* ]] && isPending=1; done
    if [[ $isPending == 1 ]]; then
        count=$((count + 1))
        [[ $all == 0 ]] || echo "$1: not converted yet: $2"
    else
        echo "$1: compares text as String: $2"
        status=1
    fi
}
reported='|'
while IFS='|' read -r object name place; do
    [[ -n $object ]] || continue
    if [[ -n $place ]]; then
        [[ $reported == *"|$place|"* ]] && continue
        reported+="$place|"
        file=${place%:*} line=${place##*:}
        [[ $line == 0 ]] && line=1
        # A build may hold object files of sources that are gone.
        [[ -f $file ]] || continue
        # The reason stands on the line itself or on the one before.
        sed -n "$((line > 1 ? line - 1 : 1)),${line}p" "$file" | grep -q 'exact-text:' && continue
        report "$place" "$(sed -n "${line}p" "$file" | sed 's/^ *//')"
        continue
    fi
    module=$(basename "$(dirname "$object")" .build)
    file=$(find "Sources/$module" -name "$(basename "$object" .o)" | head -1)
    [[ -n $file ]] || continue
    if [[ $name == '$ss'* || $name == '$sS'[Dha]* ]]; then
        [[ $reported == *"|$file|"* ]] && continue
        reported+="$file|"
        grep -q 'exact-text, whole file:' "${file:-/dev/null}" && continue
        report "${file:-$module}" "in $(swift demangle --compact "$name" | cut -c1-150)"
    elif [[ $all == 1 ]]; then
        echo "${file:-$module}: written by the compiler: $(swift demangle --compact "$name" | cut -c1-150)"
    fi
done <<<"$findings"
[[ $count == 0 ]] || echo "check-text: $count places in folders that are not converted yet (--all shows them)"
exit $status
