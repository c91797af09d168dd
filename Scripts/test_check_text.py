#!/usr/bin/env python3
"""Plants comparisons of String in a small module and expects Scripts/check_text.py to find each of them, and no more.

A line with `// planted` has to be reported. The module is compiled as release builds are, all files together and
optimised, and without optimisation, where generic code is not specialised and finds some conformances at run time.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = {
    "Planted.swift": """
        public enum Color: String, CaseIterable { case red = "K", green }
        public struct Name: Hashable { public var text: String; public var number: Int }
        public enum Fault: Error, Equatable { case one(String), two(Int) }

        @inline(never) public func equal(_ a: String, _ b: String) -> Bool { a == b }  // planted
        @inline(never) public func unequal(_ a: String, _ b: String) -> Bool { a != b }  // planted
        @inline(never) public func literal(_ a: String) -> Bool { a == "none" }  // planted
        @inline(never) public func optional(_ a: String?) -> Bool { a == "none" }  // planted
        @inline(never) public func part(_ a: Substring) -> Bool { a == "none" }  // planted
        @inline(never) public func order(_ a: String, _ b: String) -> Bool { a < b }  // planted
        @inline(never) public func character(_ a: Character) -> Bool { a == "a" }  // planted
        @inline(never) public func choice(_ a: String) -> Int {
            switch a {  // planted
            case "one": 1
            case "two": 2
            default: 3
            }
        }
        @inline(never) public func pattern(_ fault: Fault) -> Bool {
            if case .one("a") = fault { true } else { false }  // planted
        }
        @inline(never) public func prefix(_ a: String) -> Bool { a.hasPrefix("torch.") }  // planted
        @inline(never) public func suffix(_ a: Substring) -> Bool { a.hasSuffix(".gguf") }  // planted
        @inline(never) public func beginning(_ a: String, _ b: [String]) -> Bool { b.contains(where: a.hasPrefix) }  // planted
        @inline(never) public func within(_ a: String, _ b: String) -> Bool { a.contains(b) }  // planted
        @inline(never) public func member(_ a: [String], _ b: String) -> Bool { a.contains(b) }  // planted
        @inline(never) public func place(_ a: [String], _ b: String) -> Int? { a.firstIndex(of: b) }  // planted
        @inline(never) public func sorted(_ a: [String]) -> [String] { a.sorted() }  // planted
        @inline(never) public func arrays(_ a: [String], _ b: [String]) -> Bool { a == b }  // planted
        @inline(never) public func set(_ a: [String]) -> Int { Set(a).count }  // planted
        @inline(never) public func insert(_ a: inout Set<String>, _ b: String) { a.insert(b) }  // planted, optimised
        @inline(never) public func look(_ a: [String: Int], _ b: String) -> Int? { a[b] }  // planted
        @inline(never) public func store(_ a: inout [String: Int], _ b: String) { a[b] = 1 }  // planted, optimised
        @inline(never) public func table() -> [String: Int] { ["a": 1, "b": 2] }  // planted, not optimised
        @inline(never) public func group(_ a: [Name]) -> Int { Dictionary(grouping: a, by: \\.text).count }  // planted
        @inline(never) public func raw(_ a: String) -> Color? { Color(rawValue: a) }  // planted
        @inline(never) public func names(_ a: Name, _ b: Name) -> Bool { a == b }  // planted
        @inline(never) public func nameSet(_ a: [Name]) -> Int { Set(a).count }  // planted
        @inline(never) public func faults(_ a: Fault, _ b: Fault) -> Bool { a == b }  // planted
        @inline(never) public func split(_ a: String) -> [Substring] { a.split(separator: "/") }  // planted
        @inline(never) func same<T: Equatable>(_ a: T, _ b: T) -> Bool { a == b && b == a }  // planted, optimised
        @inline(never) public func generic(_ a: String, _ b: String) -> Bool { same(a, b) }  // planted, not optimised
        @inline(never) public func closure(_ a: [String], _ b: String) -> Int {
            a.lazy.filter { $0 != b }.count  // planted
        }
        @inline(never) public func elsewhere(_ a: String, _ b: String) -> Bool { !isSame(a, b + "x") }
        """,
    "Other.swift": """
        @inline(__always) func isSame(_ a: String, _ b: String) -> Bool { a == b }  // planted
        """,
    "Exact.swift": """
        public struct Exact: Hashable, ExpressibleByStringLiteral {
            let text: String
            public init(stringLiteral text: String) { self.text = text }
            public static func == (a: Exact, b: Exact) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
            public func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
        }
        @inline(never) public func fine(_ a: Exact, _ b: [Exact: Int]) -> Int {
            switch a {
            case "one": b[a] ?? 0
            default: Set(b.keys).count
            }
        }
        @inline(never) public func scalars(_ a: String) -> Int { a.unicodeScalars.split(separator: "/").count }
        @inline(never) public func bytes(_ a: String) -> Bool { a.utf8.starts(with: "torch.".utf8) }
        @inline(never) public func excused(_ a: String) -> Bool {
            // exact-text: the text is the program's own.
            a == "one"
        }
        @inline(never) public func excusedHere(_ a: String) -> Bool { a == "one" }  // exact-text: it is our own
        """,
}
FLAGS = {
    "release": ["-O", "-whole-module-optimization", "-num-threads", "2"],
    "one object": ["-O", "-whole-module-optimization"],
    "debug": ["-Onone"],
}


def main():
    for tool in ["objdump", "swiftc"]:
        if not shutil.which(tool):
            print(f"test_check_text: skipped, because {tool} is missing", file=sys.stderr)
            return
    check = pathlib.Path(__file__).parent / "check_text.py"
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        sources = root / "Sources" / "Planted"
        sources.mkdir(parents=True)
        planted = {kind: set() for kind in FLAGS}
        for name, text in SOURCE.items():
            (sources / name).write_text(text, encoding="utf-8")
            lines = text.split("\n")
            for number, line in enumerate(lines, 1):
                for kind in FLAGS if "// planted" in line else []:
                    if not line.endswith(", optimised" if kind == "debug" else ", not optimised"):
                        planted[kind].add(f"Sources/Planted/{name}:{number}")
        for kind, flags in FLAGS.items():
            objects = root / kind / "Planted.build"
            objects.mkdir(parents=True)
            files = [str(sources / name) for name in SOURCE]
            subprocess.run(
                ["swiftc", "-g", "-parse-as-library", "-module-name", "Planted", "-c", *flags, *files],
                cwd=objects, check=True)
            # As SwiftPM names them.
            for name in SOURCE:
                path = objects / name.replace(".swift", ".o")
                if path.exists():
                    path.rename(objects / f"{name}.o")
            result = subprocess.run(
                [sys.executable, check, root / kind, "--sources", root / "Sources"], capture_output=True, text=True)
            found = set(re.findall(r"^(Sources/[^:]+:\d+): ", result.stdout, re.MULTILINE))
            expected = planted[kind]
            for what, places in [("missed", expected - found), ("reported without cause", found - expected)]:
                for place in sorted(places):
                    name, line = place.rsplit(":", 1)
                    text = (root / name).read_text(encoding="utf-8").split("\n")[int(line) - 1].strip()
                    print(f"test_check_text: {kind}: {what}: {place}: {text}")
                    status = 1
            if result.returncode != 1:
                print(f"test_check_text: {kind}: expected the status 1, got {result.returncode}: {result.stderr}")
                status = 1
    sys.exit(status)


main()
