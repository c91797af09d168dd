#!/usr/bin/env python3
"""Writes Sources/AttentionTokenizers/Unicode/UnicodeData.swift.

A tokenizer's vocabulary was counted with one particular version of Unicode's tables. The system's own
tables differ from it and from each other, so that the same text would give other tokens on another
system. This script asks the reference implementation (PyPI `tokenizers`) what it does with every scalar
and stores the answers.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3
    venv/bin/python Scripts/tokenizer_unicode.py
"""
import os
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()
# The scripts that published patterns name.
SCRIPTS = "Arabic Cyrillic Devanagari Greek Han Hangul Hebrew Hiragana Katakana Latin Thai".split()
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xAC00 + 11172)


def probe(normalizer):
    return {c: normalizer.normalize_str(chr(c)) for c in SCALARS}


def bert(**flags):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(options | flags))


def ranges(scalars):
    """Inclusive ranges of a set of scalars."""
    result = []
    for c in sorted(scalars):
        if result and result[-1][1] == c - 1:
            result[-1][1] = c
        else:
            result.append([c, c])
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in result]


def mapping(pairs, excluded=()):
    """Runs `first[-last[/2]]:target`, where both sides count up together, and `scalar:a+b+c[!]`."""
    result, run = [], None  # run: [first, last, step, target]

    def flush():
        nonlocal run
        if run:
            first, last, step, target = run
            span = f"{first:X}" if first == last else f"{first:X}-{last:X}" + ("/2" if step == 2 else "")
            result.append(f"{span}:{target:X}")
        run = None

    for c in sorted(pairs):
        target = [ord(t) for t in pairs[c]]
        if len(target) != 1:
            flush()
            result.append(f"{c:X}:" + "+".join(f"{t:X}" for t in target) + ("!" if c in excluded else ""))
            continue
        if run:
            step = c - run[1]
            moved = target[0] - run[3] == c - run[0]
            if moved and step in (1, 2) and (run[2] in (0, step)):
                run[1], run[2] = c, step
                continue
            flush()
        run = [c, c, 0, target[0]]
    flush()
    return result


def combining_classes(nfd):
    """The canonical combining class of every scalar, found by watching which scalars change places."""
    known = {unicodedata.combining(chr(c)): chr(c) for c in SCALARS
             if unicodedata.combining(chr(c)) and nfd.normalize_str(chr(c)) == chr(c) and c < 0x3100}
    order = sorted(known)
    first, last = known[order[0]], known[order[-1]]
    classes = {}
    for c in SCALARS:
        s = chr(c)
        if nfd.normalize_str(s) != s:
            continue
        above_first = nfd.normalize_str(s + first) != s + first
        below_last = nfd.normalize_str(last + s) != last + s
        if above_first or below_last or s in known.values():
            value = next((v for v in order if nfd.normalize_str(s + known[v]) == s + known[v]), None)
            if value is None:
                raise SystemExit(f"U+{c:04X} has a class above every known one")
            classes.setdefault(value, []).append(c)
    return classes


def matched(pattern):
    """The scalars that a regular expression of one scalar matches."""
    text = "".join(map(chr, SCALARS))
    return {ord(c) for c in set(text) - set(normalizers.Replace(Regex(pattern), "").normalize_str(text))}


def general_categories():
    """Runs `category` + `length` in the order of scalars; surrogates count as unassigned."""
    category = {c: name for name in CATEGORIES for c in matched(rf"\p{{{name}}}")}
    runs = []
    for c in range(0x110000):
        name = category.get(c, "Cn")
        if runs and runs[-1][0] == name:
            runs[-1][1] += 1
        else:
            runs.append([name, 1])
    # A run's length is left out where it is one.
    return [name + (f"{length:X}" if length > 1 else "") for name, length in runs]


def wrap(items):
    lines, line = [], ""
    for item in items:
        if line and len(line) + 1 + len(item) > 100:
            lines.append(line)
            line = item
        else:
            line = f"{line} {item}".strip()
    return lines + ([line] if line else [])


def main():
    cleaned = probe(bert(clean_text=True))
    stripped = probe(bert(strip_accents=True))
    unaccented = probe(normalizers.StripAccents())
    nfd, nfkd, nfc = probe(normalizers.NFD()), probe(normalizers.NFKD()), probe(normalizers.NFC())
    lowered = probe(normalizers.Lowercase())
    punctuation = pre_tokenizers.Punctuation()
    word = pre_tokenizers.Whitespace()
    split = pre_tokenizers.WhitespaceSplit()

    canonical = {c: d for c, d in nfd.items() if d != chr(c) and c not in HANGUL}
    compatible = {c: d for c, d in nfkd.items() if d != nfd[c] and c not in HANGUL}
    excluded = {c for c, d in canonical.items() if len(d) > 1 and nfc[c] != chr(c)}
    classes = combining_classes(normalizers.NFD())

    sets = {
        "removedByCleaning": [c for c in SCALARS if cleaned[c] == ""],
        "whitespace": [c for c in SCALARS if split.pre_tokenize_str(chr(c)) == []],
        "punctuation": [c for c in SCALARS if len(punctuation.pre_tokenize_str(f"a{chr(c)}a")) == 3],
        "nonspacingMarks": [c for c in SCALARS if stripped[c] == "" and nfd[c] == chr(c)],
        "marks": [c for c in SCALARS if unaccented[c] == ""],
        "wordScalars": [c for c in SCALARS if len(word.pre_tokenize_str(f"a{chr(c)}a")) == 1],
    }
    docs = {
        "removedByCleaning": "Control, format, private-use and replacement scalars, which BERT's cleaning drops.",
        "whitespace": "Unicode's White_Space.",
        "punctuation": "ASCII punctuation and symbols, and Unicode's general category P.",
        "nonspacingMarks": "General category Mn.",
        "marks": "General category M.",
        "wordScalars": "What `\\w` matches.",
    }
    out = [
        "// swift-format-ignore-file",
        "// Written by Scripts/tokenizer_unicode.py; change that script, not this file.",
        f"// The answers of tokenizers {tokenizers.__version__}, derived from the Unicode Character Database.",
        "",
        "/// Unicode's tables as the reference has them, in hexadecimal.",
        "///",
        "/// Sets list scalars and inclusive ranges. Mappings list `first[-last[/2]]:target`, where both sides",
        "/// count up together (by two after `/2`), and `scalar:several+targets`; `!` marks a decomposition that",
        "/// is never composed again. Classes and scripts list `name=` and then their scalars.",
        "enum UnicodeData {",
    ]

    def emit(name, doc, items):
        out.extend([f"    /// {doc}", f'    static let {name}: StaticString = """'])
        out.extend("        " + line for line in wrap(items))
        out.extend(['        """', ""])

    for name, scalars in sets.items():
        emit(name, docs[name], ranges(scalars))
    emit("lowercase", "Lower-case mappings.", mapping({c: d for c, d in lowered.items() if d != chr(c)}))
    emit("canonical", "Full canonical decompositions, without Hangul.", mapping(canonical, excluded))
    emit("compatible", "Full compatibility decompositions where they differ from the canonical ones.",
         mapping(compatible))
    emit("combiningClasses", "Canonical combining classes other than 0.",
         [item for value in sorted(classes) for item in [f"{value:X}="] + ranges(classes[value])])
    emit("generalCategories", "General categories: runs of `category` and length, from U+0000 on.",
         general_categories())
    emit("scripts", "Scripts that published patterns name.",
         [item for name in SCRIPTS for item in [f"{name}="] + ranges(matched(rf"\p{{{name}}}"))])
    out[-1] = "}"
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(root, "Sources", "AttentionTokenizers", "Unicode", "UnicodeData.swift")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
