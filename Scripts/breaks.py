#!/usr/bin/env python3
"""Says which of a list of deliberate breaks the tests notice.

    Scripts/breaks.py Scripts/breaks.toml                       every break, in a scratch copy of the package
    Scripts/breaks.py Scripts/breaks.toml --only unigram        those whose names contain a word

Every break replaces a piece of a source file. All of them are compiled into one scratch copy, each behind a
test of the environment variable DELIBERATE_BREAK, so that one build serves the whole list:

    10   becomes   (DeliberateBreak.isOn(17) ? (9) : (10))

The fitting tests then run once for each break, up to the first failure. A break is seen if a test fails that
passes without it, or if the run crashes or does not end in time. Tests are quick if they are built with
optimisation, as by --build "swift build --build-tests -Xswiftc -O -Xcc -O2", with the same flags in --test.
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
import signal
import subprocess
import sys
import tempfile
import threading
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
    private static let selected = getenv("DELIBERATE_BREAK").flatMap { Int(String(cString: $0)) } ?? 0

    static func isOn(_ number: Int) -> Bool { number == selected }
}
"""

FAILURE = re.compile(r"^\S+ Test (?!run with)(\S+?\(.*?\)|\".*?\") .*(?:failed after|recorded an issue)")
SUMMARY = re.compile(r"Test run with (\d+) tests? .*(passed|failed) after")


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


def copy(root, tree):
    """Copies the package without what was built or fetched."""
    def ignored(folder, names):
        # Sources have a folder Models, too.
        fetched = {"Models", ".git", ".venv"} if pathlib.Path(folder) == root else set()
        return {name for name in names if name in fetched or name.startswith(".build")}

    shutil.copytree(root, tree, ignore=ignored, symlinks=True)


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


def failures(command, tree, tests, number, limit, known=None):
    """Runs the filtered tests with one break switched on. Returns the names of the tests that fail, with
    "the run" among them if it crashes or does not end in time, and the seconds that it takes. With `known`,
    the failures that do not count, the run stops at the first other one."""
    begin = time.monotonic()
    environment = dict(os.environ, DELIBERATE_BREAK=str(number))
    line = command.replace("{}", shlex.quote(tests))
    process = subprocess.Popen(
        line, shell=True, cwd=tree, env=environment, start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    found, summary = set(), None
    for text in process.stdout:
        summary = SUMMARY.search(text) or summary
        if failure := FAILURE.match(text):
            found.add(failure.group(1))
            if known is not None and found - known:
                os.killpg(process.pid, signal.SIGKILL)
                break
    process.stdout.close()
    process.wait()
    timer.cancel()
    if not (known is not None and found - known):
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
        copy(root, tree)
        print(f"scratch copy: {tree}")
    if not arguments.no_apply:
        placed = apply(tree, breaks)
        if len(placed) < len(breaks):
            sys.exit("breaks.py: mend the list first")
        if arguments.apply_only:
            return
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
            arguments.test, tree, entry["tests"], entry["number"], arguments.limit, known[entry["tests"]])
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
