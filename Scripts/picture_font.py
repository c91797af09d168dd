"""Writes Sources/AttentionMaps/Pictures/PictureFontData.swift: the glyphs with which PNG pictures are labelled.

Two bitmap fonts are read, both under the SIL Open Font License 1.1:
  Terminus Font 4.48, ter-u24n_unicode.pcf.gz   12 x 24 pixels: Latin, Greek, Cyrillic, symbols
    https://terminus-font.sourceforge.net, in Debian the package xfonts-terminus
  GNU Unifont 15.0.01, unifont.hex              8 x 16 and 16 x 16 pixels: the rest
    https://unifoundry.com/unifont, in Debian the package unifont

Left out are scripts whose letters join, stack or run from the right (Arabic, Hebrew, Devanagari, ...), because
pictures place one glyph after another, and Chinese characters that neither GB 2312, Big5 level 1 nor
JIS X 0208 has.

    python3 Scripts/picture_font.py ter-u24n_unicode.pcf.gz unifont.hex
"""

import base64
import gzip
import struct
import sys
import unicodedata
import zlib
from pathlib import Path

OUTPUT = Path(__file__).parent.parent / "Sources/AttentionMaps/Pictures/PictureFontData.swift"

# Scripts of the Basic Multilingual Plane that can be set glyph by glyph, by blocks.
BLOCKS = [
    (0x20, 0x7E), (0xA1, 0x058F), (0x0E00, 0x0EFF), (0x10A0, 0x139F), (0x13A0, 0x167F), (0x16A0, 0x16FF),
    (0x1D00, 0x1FFF), (0x2010, 0x2027), (0x2030, 0x205E), (0x2070, 0x2BFF), (0x2C60, 0x2C7F), (0x2D00, 0x2D2F),
    (0x2E80, 0x312F), (0x3130, 0x318F), (0x3190, 0x33FF), (0x4E00, 0x9FFF), (0xA4D0, 0xA4FF), (0xA640, 0xA69F),
    (0xA720, 0xA7FF), (0xAC00, 0xD7A3), (0xFB00, 0xFB06), (0xFE10, 0xFE6F), (0xFF01, 0xFFEE),
]


def read_pcf(path):
    """The glyphs of a Portable Compiled Format font, as rows of bits, by code point."""
    data = gzip.open(path).read()
    tables = {}
    for index in range(struct.unpack_from("<I", data, 4)[0]):
        kind, form, _, offset = struct.unpack_from("<IIII", data, 8 + 16 * index)
        tables[kind] = (form, offset)

    def endian(kind):
        return ">" if struct.unpack_from("<I", data, tables[kind][1])[0] & 4 else "<"

    bitmaps, encodings, metrics = 8, 32, 4
    offset, order = tables[bitmaps][1], endian(bitmaps)
    form = tables[bitmaps][0]
    assert form & 8, "bits must run from the most significant one"
    count = struct.unpack_from(order + "I", data, offset + 4)[0]
    places = struct.unpack_from(f"{order}{count}I", data, offset + 8)
    start = offset + 8 + 4 * count + 16
    padding = 1 << (form & 3)
    offset, order = tables[metrics][1], endian(metrics)
    assert tables[metrics][0] & 0x100, "metrics must be compressed"
    sizes = [
        [value - 0x80 for value in data[offset + 6 + 5 * index : offset + 11 + 5 * index]]
        for index in range(count)
    ]
    offset, order = tables[encodings][1], endian(encodings)
    low, high, first, last, _ = struct.unpack_from(order + "5h", data, offset + 4)
    glyphs = {}
    for code in range(first << 8 | low, (last << 8 | high) + 1):
        row, column = code >> 8, code & 0xFF
        if not (first <= row <= last and low <= column <= high):
            continue
        place = (row - first) * (high - low + 1) + column - low
        index = struct.unpack_from(order + "H", data, offset + 14 + 2 * place)[0]
        if index == 0xFFFF:
            continue
        left, right, _, ascent, descent = sizes[index]
        width, height = right - left, ascent + descent
        stride = ((width + 7) // 8 + padding - 1) // padding * padding
        rows = []
        for line in range(height):
            at = start + places[index] + line * stride
            bits = int.from_bytes(data[at : at + stride], "big") >> (8 * stride - width)
            rows.append(bits)
        glyphs[code] = (width, height, rows)
    return glyphs


def read_hex(path):
    glyphs = {}
    for line in Path(path).read_text().splitlines():
        code, digits = line.split(":")
        width = len(digits) // 4
        rows = [int(digits[i : i + width // 4], 16) for i in range(0, len(digits), width // 4)]
        glyphs[int(code, 16)] = (width, 16, rows)
    return glyphs


def is_common(code):
    def encoded(name):
        try:
            return chr(code).encode(name)
        except UnicodeEncodeError:
            return b""

    big5 = encoded("big5")
    return bool(encoded("gb2312") or encoded("shift_jis") or (len(big5) == 2 and big5[0] <= 0xC6))


def is_wanted(code):
    if not any(first <= code <= last for first, last in BLOCKS):
        return False
    if 0x4E00 <= code <= 0x9FFF and not is_common(code):
        return False
    return unicodedata.category(chr(code)) not in ("Cn", "Cc", "Cf", "Co", "Cs")


def main():
    terminus, unifont = read_pcf(sys.argv[1]), read_hex(sys.argv[2])
    glyphs = {}
    for code in sorted(set(terminus) | set(unifont)):
        if is_wanted(code):
            glyphs[code] = terminus.get(code) or unifont[code]
    assert {(width, height) for width, height, _ in glyphs.values()} == {(12, 24), (8, 16), (16, 16)}

    # Runs of consecutive code points with glyphs of one width: first, count, width; then all rows' bits.
    runs = []
    for code, (width, _, _) in glyphs.items():
        if runs and runs[-1][0] + runs[-1][1] == code and runs[-1][2] == width:
            runs[-1][1] += 1
        else:
            runs.append([code, 1, width])
    content = struct.pack("<H", len(runs)) + b"".join(struct.pack("<HHB", *run) for run in runs)
    for width, height, rows in glyphs.values():
        bits = 0
        for row in rows:
            bits = bits << width | row
        content += bits.to_bytes(width * height // 8, "big")
    packed = base64.b64encode(zlib.compress(content, 9)).decode()
    lines = "\n".join("        " + packed[i : i + 100] for i in range(0, len(packed), 100))
    OUTPUT.write_text(
        "// Generated by Scripts/picture_font.py. The glyphs come from Terminus Font 4.48 (Copyright 2019 Dimitar\n"
        "// Toshkov Zhekov, with Reserved Font Name \"Terminus Font\") and GNU Unifont 15.0.01 (Copyright 1998-2022\n"
        "// Roman Czyborra, Paul Hardy, Qianqian Fang, Andrew Miller, Johnnie Weaver, David Corbett and others).\n"
        "// Both are licensed under the SIL Open Font License 1.1 (https://openfontlicense.org), and so is this data.\n"
        "\n"
        "/// The glyphs of ``PictureFont``, compressed with zlib and written in base64.\n"
        "enum PictureFontData {\n"
        '    static let base64 = """\n' + lines + '\n        """\n}\n'
    )
    print(f"{len(glyphs)} glyphs in {len(runs)} runs: {len(content)} bytes, {len(packed)} in base64")


main()
