#!/usr/bin/env python3
"""Says which of a list of deliberate breaks the tests notice.

    Scripts/breaks.py Scripts/breaks.toml                       every break, in a scratch copy of the package
    Scripts/breaks.py Scripts/breaks.toml --only unigram        those whose names contain a word

Every break replaces a piece of a source file. All of them are compiled into one scratch copy, each behind a
test of the environment variable ATTENTION_BREAK, so that one build serves the whole list:

    10   becomes   (DeliberateBreak.isOn(17) ? (9) : (10))

The fitting tests then run once for each break. A break is seen if a test fails that passes without it, or if
the run crashes or does not end in time.
The list is a TOML file of tables `[[break]]`:

    name       a short name, used by --only and in the report
    file       the source file, from the package's root
    original   the text to replace, which stands in the file exactly once
    broken     what stands there instead; of the same type
    within     a longer text around it that stands in the file once, where the original alone does not
    statement  true: the two are statements, chosen by if and else, instead of expressions
    tests      the filter of the tests to run; by default all tests of the file's target
    area       the row of the report; by default the target
"""

import argparse
import collections
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

SELECTOR = """\
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which of the deliberate breaks of Scripts/breaks.py is switched on.
enum DeliberateBreak {
    private static let selected = getenv("ATTENTION_BREAK").flatMap { Int(String(cString: $0)) } ?? 0

    static func isOn(_ number: Int) -> Bool { number == selected }
}
"""


def match(name, word):
    """Whether a name contains the word; `^word` is the whole name."""
    return name == word[1:] if word.startswith("^") else word in name


def read_list(path, only):
    """The breaks of the list, numbered from 1."""
    breaks = tomllib.loads(path.read_text())["break"]
    for number, entry in enumerate(breaks, 1):
        entry["number"] = number
        entry["target"] = entry["file"].split("/")[1]
        entry.setdefault("tests", entry["target"] + "Tests")
        entry.setdefault("area", entry["target"])
        entry.setdefault("within", entry["original"])
    names = collections.Counter(entry["name"] for entry in breaks)
    repeated = [name for name, count in names.items() if count > 1]
    if repeated:
        sys.exit(f"breaks.py: names that stand twice in {path}: {', '.join(repeated)}")
    return [entry for entry in breaks if not only or any(match(entry["name"], word) for word in only)]


def apply(tree, breaks):
    """Puts the breaks into the tree's sources, and returns those that found their place."""
    placed = []
    for entry in breaks:
        path = tree / entry["file"]
        text = path.read_text() if path.exists() else ""
        count = text.count(entry["within"])
        if count != 1 or entry["original"] not in entry["within"]:
            print(f"{entry['name']}: its place stands {count} times in {entry['file']}")
            continue
        condition = f"DeliberateBreak.isOn({entry['number']})"
        if entry.get("statement"):
            new = f"if {condition} {{ {entry['broken']} }} else {{ {entry['original']} }}"
        else:
            new = f"({condition} ? ({entry['broken']}) : ({entry['original']}))"
        before, after = entry["within"].rsplit(entry["original"], 1)
        path.write_text(text.replace(entry["within"], before + new + after))
        placed.append(entry)
    for target in {entry["target"] for entry in placed}:
        (tree / "Sources" / target / "DeliberateBreak.swift").write_text(SELECTOR)
    return placed


def failures(command, tree, tests, number, limit):
    """Runs the filtered tests with one break switched on. Returns the names of the tests that fail, with
    "the run" among them if it crashes or does not end in time, and the seconds that it takes."""
    begin = time.monotonic()
    environment = dict(os.environ, ATTENTION_BREAK=str(number))
    line = command.replace("{}", shlex.quote(tests))
    process = subprocess.Popen(
        line, shell=True, cwd=tree, env=environment, start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
    found = set(re.findall(r"^\S+ Test (?!run with)(.+?) failed after", output, re.MULTILINE))
    summary = re.search(r"Test run with (\d+) tests? .*(passed|failed) after", output)
    if summary is None or (process.returncode != 0 and not found):
        found.add("the run")
    elif summary.group(1) == "0":
        sys.exit(f"breaks.py: no test matches '{tests}'")
    return found, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("list", type=pathlib.Path)
    parser.add_argument("--only", action="append", help="run only breaks whose names contain this; ^name: one")
    parser.add_argument("--tree", type=pathlib.Path, help="a scratch copy that exists, instead of a new one")
    parser.add_argument("--apply-only", action="store_true", help="change the scratch copy's sources, and stop")
    parser.add_argument("--no-apply", action="store_true", help="the scratch copy holds the breaks already")
    parser.add_argument("--build", default="swift build --build-tests", help="the command that builds")
    parser.add_argument(
        "--test", default="swift test --skip-build --filter {}",
        help="the command that runs tests; {} stands for the filter")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which tests count as failed")
    arguments = parser.parse_args()

    breaks = read_list(arguments.list, arguments.only)
    tree = arguments.tree
    if tree is None:
        tree = pathlib.Path(tempfile.mkdtemp(prefix="breaks-")) / "package"
        root = arguments.list.resolve().parent.parent
        shutil.copytree(root, tree, ignore=shutil.ignore_patterns(".build*", ".git", "Models"), symlinks=True)
        print(f"scratch copy: {tree}")
    if not arguments.no_apply:
        placed = apply(tree, breaks)
        if arguments.apply_only:
            return
        breaks = placed
        subprocess.run(arguments.build, shell=True, cwd=tree, check=True)

    known = {}
    for tests in sorted({entry["tests"] for entry in breaks}):
        known[tests], seconds = failures(arguments.test, tree, tests, 0, arguments.limit)
        print(f"without a break: {tests} ({seconds:.0f} s)", flush=True)
        for name in sorted(known[tests]):
            print(f"  fails, and so does not count: {name}", flush=True)
        if "the run" in known[tests]:
            sys.exit("breaks.py: the tests must run before they can notice a break")
    seen = collections.defaultdict(list)
    for entry in breaks:
        found, seconds = failures(
            arguments.test, tree, entry["tests"], entry["number"], arguments.limit)
        new = sorted(found - known[entry["tests"]])
        seen[entry["area"]].append(bool(new))
        first = f" by {new[0]}" if new else ""
        print(f"{'seen    ' if new else 'NOT SEEN'} {entry['name']}{first} ({seconds:.0f} s)", flush=True)

    print("\n| area | breaks | seen |\n|---|---|---|")
    for area, results in sorted(seen.items()):
        print(f"| {area} | {len(results)} | {sum(results)} |")
    results = [result for area in seen.values() for result in area]
    print(f"| all | {len(results)} | {sum(results)} |")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
