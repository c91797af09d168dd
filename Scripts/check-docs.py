#!/usr/bin/env python3
"""Lists the public names that have no documentation comment, and fails if there are any.

    Scripts/check-docs.py FOLDER

FOLDER holds the symbol graphs that build-docs.sh extracts. Cases of an enumeration may be without a comment, and so may what
a protocol documents.
"""
import json
import sys
from pathlib import Path

# What the standard library's protocols document.
KNOWN = {"==(_:_:)", "<(_:_:)", "hash(into:)", "description", "encode(to:)", "init(from:)", "rawValue", "init(rawValue:)"}


def undocumented(path):
    graph = json.loads(path.read_text(encoding="utf-8"))
    documented = {
        relation["source"] for relation in graph["relationships"]
        if "sourceOrigin" in relation or relation["kind"] in ("defaultImplementationOf", "overrides")
    }
    for symbol in graph["symbols"]:
        kind, title = symbol["kind"]["identifier"], symbol["names"]["title"].split(".")[-1]
        # What a macro or the compiler makes has no place.
        if "docComment" in symbol or "location" not in symbol or symbol["identifier"]["precise"] in documented:
            continue
        if kind in ("swift.enum.case", "swift.extension") or title in KNOWN:
            continue
        place = symbol["location"]
        file = place["uri"].split("/Sources/")[-1]
        yield f"Sources/{file}:{place['position']['line'] + 1}: {'.'.join(symbol['pathComponents'])}"


found = sorted({line for path in Path(sys.argv[1]).rglob("*.symbols.json") for line in undocumented(path)})
for line in found:
    print(line)
if found:
    sys.exit("check-docs: these public names have no documentation comment")
