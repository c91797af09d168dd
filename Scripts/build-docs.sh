#!/usr/bin/env bash
# Builds the libraries' documentation into .build/documentation from the modules that `make build` left. A
# warning, such as a link that leads nowhere or a parameter that is not described, is an error, and so is a public
# name without a comment.
set -euo pipefail
cd "$(dirname "$0")/.."
products=${1:-$(swift build -c release --show-bin-path)}
modules=$products/Modules
output=.build/documentation
# The C headers of this package and of the packages that its modules import.
header_maps=()
for map in "$products"/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap; do
    [ ! -f "$map" ] || header_maps+=(-Xcc "-fmodule-map-file=$map")
done
target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p' | head -1)
docc=$(command -v docc || xcrun --find docc)

failed=()
for module in AttentionTensors Attention AttentionFiles AttentionHub AttentionTokenizers AttentionTemplates \
    AttentionGrammars AttentionModels AttentionGeneration AttentionTasks AttentionConversion AttentionMaps; do
    graphs=$output/graphs/$module
    rm -rf "$graphs" && mkdir -p "$graphs"
    swift symbolgraph-extract -module-name "$module" -target "$target" -I "$modules" \
        "${header_maps[@]}" -Xcc -ISources/CAttentionKernels/include \
        -minimum-access-level public -skip-inherited-docs -skip-synthesized-members -output-dir "$graphs"
    catalog=()
    [ ! -d "Sources/$module/$module.docc" ] || catalog=("Sources/$module/$module.docc")
    echo "== $module"
    "$docc" convert "${catalog[@]}" --additional-symbol-graph-dir "$graphs" \
        --fallback-display-name "$module" --fallback-bundle-identifier "swift-attention.$module" \
        --warnings-as-errors --output-path "$output/$module.doccarchive" || failed+=("$module")
done
if (( ${#failed[@]} > 0 )); then
    echo "build-docs: warnings in ${failed[*]}" >&2
    exit 1
fi
Scripts/check-docs.py "$output/graphs"
echo "The documentation is in $output; \`docc preview\` and any web server show it."
