#!/usr/bin/env python3
"""Finds text that is compared as String.

    Scripts/check_text.py BUILD [--sources FOLDER]

BUILD is the folder of a build of the package, such as .build/release. String compares by canonical equivalence: é as
one scalar equals e with an accent, and the Kelvin sign equals K. JSON, tokenizers and templates tell them apart, so
text from outside is compared, hashed and ordered as an ExactString.

The compiled code is asked, because it alone knows the types: whatever the source looks like (==, switch, contains, a
Set or a Dictionary of String, a generic function), it ends in one of the standard library's functions or conformances
below. The debug information says which line calls it. Code without a line, which the compiler has written or
specialised, hands the finding on to the lines that call it: a synthesized ==, an enum's init(rawValue:), a
dictionary's subscript for String. A line whose text is the program's own says so, or the line before it, with a
comment: // exact-text: and a reason.

It does not see code that was not compiled, and code of a generic type that is not specialised and finds its
conformance at run time.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

COMPARISON = re.compile(
    r"""\$s(
      # ==, < and hashing of String, Substring, Character and of any StringProtocol, and what they call once inlined
      (SS|SJ)(2ee|1l)oi | SS4hash4into | SJ4hash4into | Sy[a-z]*E(2ee|2ne|1l|2le|1g|2ge)oi | Sy[a-z]*E4hash4into
    | s27_stringCompareWithSmolCheck | s22_stringCompareInternal | s14_stringCompare_ | s21_findStringSwitchCase
      # prefixes, suffixes, searches
    | (SS|Sy[a-z]*E)9hasPrefix | (SS|Sy[a-z]*E)9hasSuffix | S[Sy]17_StringProcessing\w*E(8contains|9replacing|5split)
    | Sy1?0?\d*Foundation\w*E(8contains|5range2of|20replacingOccurrences|10components11separatedBySaySS|7compare)
      # conformances to Equatable, Hashable, Comparable, Collection of Characters
    | S[SsJ]S[QHL]s(WP|Mc)
    )""",
    re.VERBOSE)

# The thunk of a conformance of a module's own type, whose witness table generic code is given. Enums are left out:
# their raw values are the program's own.
THUNK = re.compile(r"^(\$s\w*[VC]S[QHL]AA)\w*TW$")

# A function of a module, and neither a thunk nor a synthesized conformance.
WRITTEN = re.compile(r"^\$s\d(?!\w*(?:__derived_|T[WwRr]$|WL$|Wl$|WO\w$))")
# Functions that belong to a type as a whole, such as copying its values: they need its conformances and compare
# nothing.
# Neither do literals of dictionaries, whose names are written in the program: what is looked up later is found there.
OF_TYPES = re.compile(r"(w[a-z]{2}|WO[a-zA-Z]|Wb|M[a-zA-Z])$|^\$sSD17dictionaryLiteral")
SYNTHESIZED = re.compile(r"2eeoi|4hash4into|9hashValue|4hash[A-Z]0Siv|8rawValue|3raw[A-Z]0|11stringValue|6string[A-Z]0")

FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
RELOCATION = re.compile(r": R_[A-Z0-9_]+\s+([^\s]+?)(?:([-+])0x([0-9a-f]+))?$")
CALL = re.compile(r"\t(?:call|jmp|bl|b)\w*\s+[0-9a-f]+ <([^+>]+)>")


def references(path, pattern):
    """Of an object file, the functions, lines and symbols of all references, and the functions that it defines."""
    source = re.compile(r"(" + pattern + r"[^ :]*\.swift):(\d+)")
    command = ["objdump", "-d", "-l", "-r", "--inlines", "--no-show-raw-insn", str(path)]
    found, local, starts = set(), [], {}
    section, function, line, fresh, nearest = "", "", None, False, None
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace")
    for text in process.stdout:
        first = text[:1]
        if first == "\t" or first == " ":
            if ": R_" in text and (match := RELOCATION.search(text.rstrip())):
                target, sign, offset = match.groups()
                if target.startswith("$s"):
                    found.add((function, line or nearest, target))
                elif target.startswith(".text"):
                    place = int(offset or "0", 16) * (-1 if sign == "-" else 1)
                    local.append((function, line or nearest, target, place))
                continue
            fresh = True
            if "<$s" in text and (match := CALL.search(text)):
                found.add((function, line or nearest, match.group(1)))
            continue
        if match := FUNCTION.match(text):
            starts[section, int(match.group(1), 16)] = match.group(2)
            function, line, fresh, nearest = match.group(2), None, False, None
            continue
        if text.startswith("Disassembly of section "):
            section = text.split()[-1].removesuffix(":")
            continue
        # A new group of lines begins after an instruction: the line, then what it is inlined into.
        if fresh:
            line, fresh = None, False
        if line is None and (match := source.search(text)) and match.group(2) != "0":
            line = (match.group(1), int(match.group(2)))
            # Single instructions of a function that is written by hand may lack a line: the one before serves.
            if WRITTEN.match(function):
                nearest = line
    if process.wait() != 0:
        sys.exit(f"check_text: objdump cannot read {path}")
    # A reference within a section names it and a place there; on x86 the place is that of the next instruction.
    for function, line, section, offset in local:
        for address in (offset, offset + 4):
            if (section, address) in starts:
                found.add((function, line, starts[section, address]))
    return found, set(starts.values())


def objects(build, sources):
    for module in sorted(path.name for path in sources.iterdir() if path.is_dir()):
        for path in sorted((build / f"{module}.build").glob("**/*.o")):
            # A build may hold object files of sources that are gone.
            if not path.name.endswith(".swift.o") or any((sources / module).glob("**/" + path.name[:-2])):
                yield module, path


def comparisons(build, sources):
    """The lines that compare text, and the functions without any line, in which none refers to one."""
    paths = list(objects(build, sources))
    if not paths:
        sys.exit(f"check_text: there is no build of {sources} at {build}")
    pattern = re.escape(sources.name + "/")
    # A function's own copy in an object file comes before others of its name, which may be other functions: the
    # compiler calls what it has merged in one file as it calls something else in the next.
    uses = collections.defaultdict(set)
    places = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (module, path), (found, own) in zip(paths, pool.map(lambda one: references(one[1], pattern), paths)):
            for function, line, target in found:
                uses[(path, target) if target in own else target].add((path, function, line))
                places[path, function] = f"{module}/{path.name.removesuffix('.o')}"
    reached = {target for target in uses if isinstance(target, str) and COMPARISON.match(target)}
    waiting = list(reached)
    lines, silent = {}, {}
    while waiting:
        target = waiting.pop()
        for path, function, line in uses.get(target, ()):
            if line is not None:
                lines.setdefault(line, target)
                continue
            if OF_TYPES.search(function):
                continue
            thunk = THUNK.match(function)
            names = [function] + ([thunk.group(1) + end for end in ("WP", "Mc")] if thunk else [])
            for name in names + [(path, name) for name in names]:
                if name not in reached:
                    reached.add(name)
                    waiting.append(name)
            if function not in uses and (path, function) not in uses:
                silent[function] = places[path, function]
    return lines, silent


def declaration(function, module, sources):
    """The place where a function without any line is declared, found by the names in its mangled name."""
    names, rest = [], function
    while match := re.search(r"[1-9]\d*", rest):
        end = match.end() + int(match.group())
        names.append(rest[match.end():end])
        rest = rest[end:]
    for name in reversed(names[1:]):
        for path in sorted((sources / module).glob("**/*.swift")):
            for number, text in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                if re.search(rf"\b(func|var) {re.escape(name)}\b", text):
                    return f"{sources.name}/{path.relative_to(sources)}", number
    return None


def is_excused(path, line, texts):
    if path not in texts:
        texts[path] = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    return any("exact-text:" in text for text in texts[path][max(line - 2, 0):line])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--sources", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "Sources")
    parser.add_argument("--all", action="store_true", help="also list code without a line that no line refers to")
    options = parser.parse_args()
    if not shutil.which("objdump"):
        print("check_text: skipped, because objdump (binutils) is missing", file=sys.stderr)
        return
    lines, silent = comparisons(options.build, options.sources)
    for function, place in silent.items():
        if WRITTEN.match(function) and not SYNTHESIZED.search(function):
            lines.setdefault(declaration(function, place.split("/")[0], options.sources) or (place, 0), function)
    texts, status = {}, 0
    for (name, line), target in sorted(lines.items()):
        path = options.sources.parent / name
        if line == 0:
            print(f"{name}: compares text as String, in {target}")
            status = 1
            continue
        if not path.exists() or is_excused(path, line, texts):
            continue
        text = texts[path][line - 1].strip() if line <= len(texts[path]) else "(the build is older than the file)"
        print(f"{name}:{line}: compares text as String: {text}")
        status = 1
    if options.all:
        for function, file in sorted(silent.items(), key=lambda one: one[::-1]):
            print(f"{file}: {function}")
    sys.exit(status)


if __name__ == "__main__":
    main()
