import AttentionFiles
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that has to be refused, and why.
struct HostileFile: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let problem: SafetensorsError.Problem

    init(_ name: String, _ bytes: [UInt8], _ problem: SafetensorsError.Problem) {
        (self.name, self.bytes, self.problem) = (name, bytes, problem)
    }

    init(_ name: String, header: String, data: Int = 0, _ problem: SafetensorsError.Problem) {
        self.init(name, safetensors(header, data: data), problem)
    }

    var testDescription: String { name }
}

/// One tensor's entry in a header.
private func item(_ shape: String, _ offsets: String, name: String = "a", type: String = "F32") -> String {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
}

private func header(_ items: String...) -> String { "{\(items.joined(separator: ","))}" }

/// A name whose normalisation takes time that grows with the square of its length.
private func pile(_ mark: String) -> String { #"{"e\#(String(repeating: mark, count: 300_000))":{}}"# }

private let lengths: [HostileFile] = [
    .init("seven bytes", [2, 0, 0, 0, 0, 0, 0], .truncated),
    .init("only a length", safetensors("", length: 2), .headerLength),
    .init("length 0", safetensors("{}", length: 0), .headerLength),
    .init("length 1", safetensors("{}", length: 1), .headerLength),
    .init("length one too long", safetensors("{}", length: 3), .headerLength),
    .init("length u64::MAX", safetensors("{}", length: .max), .headerLength),
    .init("8 + length wraps", safetensors("{}", length: .max - 7), .headerLength),
    .init("8 + length wraps to 2", safetensors("{}", length: .max - 5), .headerLength),
    .init("length Int.max", safetensors("{}", length: UInt64(Int.max)), .headerLength),
    .init("length Int.max + 1", safetensors("{}", length: UInt64(Int.max) + 1), .headerLength),
    .init(
        "header cut short", safetensors(header(item("[1]", "[0,4]")), length: 20), .headerSyntax
    ),
]

private let syntax: [HostileFile] = [
    .init("an array", header: "[]", .headerSyntax),
    .init("begins with a space", header: " {}", .headerSyntax),
    .init("begins with a byte order mark", header: "\u{FEFF}{}", .headerSyntax),
    .init("begins with zero", safetensors([0, 0, 0, 0]), .headerSyntax),
    .init("padded with zeros", header: "{}\0\0\0\0\0\0", .headerSyntax),
    .init("two objects", header: "{}{}", .headerSyntax),
    .init("nested deeply", header: String(repeating: #"{"a":"#, count: 100_000), .entry),
    .init(
        "arrays nested deeply", header: header(item(String(repeating: "[", count: 100_000), "[0,4]")),
        .shape),
    .init(
        "invalid UTF-8", safetensors([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D]),
        .encoding),
    .init("a pile of marks", header: pile("\u{301}"), .encoding),
    .init("a pile of two marks", header: pile("\u{301}\u{327}"), .encoding),
    .init("a pile of vowels", header: pile("\u{F73}"), .encoding),
    .init("half a surrogate pair", header: #"{"\ud800":{}}"#, .encoding),
    .init(
        "name twice", header: header(item("[1]", "[0,4]"), item("[1]", "[4,8]")), data: 8,
        .duplicateName),
    .init(
        "member twice", header: #"{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}"#,
        data: 4,
        .duplicateName),
    .init("metadata twice", header: #"{"__metadata__":{},"__metadata__":{}}"#, .duplicateName),
    .init("metadata's key twice", header: #"{"__metadata__":{"a":"","a":""}}"#, .duplicateName),
    .init("metadata that is no text", header: #"{"__metadata__":{"a":1}}"#, .headerSyntax),
    .init("entry that is no object", header: #"{"a":[]}"#, .headerSyntax),
]

private let entries: [HostileFile] = [
    .init("no dtype", header: #"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, data: 4, .entry),
    .init("no shape", header: #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4, .entry),
    .init("no offsets", header: #"{"a":{"dtype":"F32","shape":[1]}}"#, data: 4, .entry),
    .init("an unknown member", header: #"{"a":{"scale":[1e9]}}"#, .entry),
    .init("unknown dtype", header: header(item("[1]", "[0,4]", type: "F31")), data: 4, .elementType),
    .init("lower-case dtype", header: header(item("[1]", "[0,4]", type: "f32")), data: 4, .elementType),
    .init(
        "eight-bit float of 5 bytes", header: header(item("[4]", "[0,5]", type: "F8_E4M3")), data: 5, .offsets
    ),
    .init("half a byte", header: header(item("[3]", "[0,2]", type: "F4")), data: 2, .offsets),
    .init("dtype that is no text", header: #"{"a":{"dtype":4}}"#, .headerSyntax),
    .init("negative extent", header: header(item("[-1]", "[0,4]")), data: 4, .shape),
    .init("two negative extents", header: header(item("[-1,-1]", "[0,4]")), data: 4, .shape),
    .init("fractional extent", header: header(item("[1.0]", "[0,4]")), data: 4, .shape),
    .init("extent as text", header: header(item(##"["1"]"##, "[0,4]")), data: 4, .shape),
    .init("shape [2^62, 4]", header: header(item("[4611686018427387904,4]", "[0,0]")), .shape),
    .init("shape [2^32, 2^32]", header: header(item("[4294967296,4294967296]", "[0,0]")), .shape),
    .init(
        "a zero that hides an overflow", header: header(item("[0,4611686018427387904,4]", "[0,0]")),
        .shape),
    .init("bytes that wrap", header: header(item("[4611686018427387904]", "[0,0]")), .offsets),
    .init("extent 2^64", header: header(item("[18446744073709551616]", "[0,0]")), .shape),
    .init(
        "65 extents", header: header(item("[1\(String(repeating: ",1", count: 64))]", "[0,4]")), data: 4,
        .shape),
    .init("no offset", header: header(item("[0]", "[]")), .offsets),
    .init("one offset", header: header(item("[1]", "[4]")), data: 4, .offsets),
    .init("three offsets", header: header(item("[1]", "[0,4,4]")), data: 4, .offsets),
    .init("negative offset", header: header(item("[1]", "[-4,0]")), data: 4, .offsets),
    .init("fractional offset", header: header(item("[1]", "[0,4.0]")), data: 4, .offsets),
    .init("exponent in an offset", header: header(item("[1]", "[0,4e0]")), data: 4, .offsets),
    .init("reversed offsets", header: header(item("[1]", "[4,0]")), data: 4, .offsets),
    .init(
        "huge offsets", header: header(item("[1]", "[9223372036854775803,9223372036854775807]")),
        .truncated),
    .init("offset u64::MAX", header: header(item("[1]", "[0,18446744073709551615]")), data: 4, .offsets),
    .init("too few bytes", header: header(item("[2]", "[0,4]")), data: 4, .offsets),
    .init("too many bytes", header: header(item("[1]", "[0,8]")), data: 8, .offsets),
]

private let layouts: [HostileFile] = [
    .init("data cut short", header: header(item("[2]", "[0,8]")), data: 7, .truncated),
    .init("no data", header: header(item("[2]", "[0,8]")), .truncated),
    .init("bytes behind the last tensor", header: header(item("[1]", "[0,4]")), data: 5, .hole),
    .init("bytes without a tensor", header: "{}", data: 1, .hole),
    .init("a hole at the start", header: header(item("[1]", "[4,8]")), data: 8, .hole),
    .init(
        "a hole between tensors",
        header: header(item("[1]", "[0,4]"), item("[1]", "[5,9]", name: "b")),
        data: 9, .hole),
    .init(
        "overlapping tensors",
        header: header(item("[2]", "[0,8]"), item("[2]", "[4,12]", name: "b")),
        data: 12, .overlap),
    .init(
        "the same bytes twice",
        header: header(item("[1]", "[0,4]"), item("[1]", "[0,4]", name: "b")),
        data: 4, .overlap),
    .init(
        "an empty tensor inside another",
        header: header(item("[2]", "[0,8]"), item("[0]", "[4,4]", name: "b")), data: 8, .overlap
    ),
]

@Suite struct SafetensorsHostileTests {
    @Test(arguments: lengths + syntax + entries + layouts)
    func isRefused(_ hostile: HostileFile) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(hostile.bytes, to: "hostile.safetensors")
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        #expect(error?.problem == hostile.problem, "\(String(describing: error))")
        let inMemory = #expect(throws: SafetensorsError.self) {
            try SafetensorsFile(content: hostile.bytes, label: path)
        }
        #expect(inMemory == error)
        #expect(error?.description.hasPrefix(path) == true)
        #expect((0...hostile.bytes.count).contains(error?.offset ?? -1))
    }

    @Test func errorsNameTheTensorThePlaceAndWhatWasExpected() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            safetensors(header(item("[2]", "[0,4]", name: "layer.0")), data: 4), to: "x.safetensors")
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        #expect(
            error?.description
                == "\(path), tensor 'layer.0', byte 19: expected 8 bytes for [2] of F32, found 4")
    }

    @Test func aHeaderOverTheLimitIsRefusedUnread() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(safetensors("{}", length: 100_000_001), to: "sparse.safetensors")
        #expect(truncate(path, 200_000_000) == 0)  // a sparse file: the size is real, the blocks are not
        let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
        #expect(error?.problem == .headerLength)
    }

    @Test func whatIsNoFileIsRefused() throws {
        let folder = try TemporaryFolder()
        #expect(throws: ModelFileError.empty(file: try folder.write([], to: "empty"))) {
            try SafetensorsFile(path: folder.path + "/empty")
        }
        #expect(throws: ModelFileError.notAFile(path: folder.path, found: "a folder")) {
            try SafetensorsFile(path: folder.path)
        }
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: ModelFileError.notAFile(path: pipe, found: "a named pipe")) {
            try SafetensorsFile(path: pipe)
        }
        #expect(throws: ModelFileError.notAFile(path: "/dev/zero", found: "a device")) {
            try SafetensorsFile(path: "/dev/zero")
        }
        let error = #expect(throws: ModelFileError.self) {
            try SafetensorsFile(path: folder.path + "/absent")
        }
        #expect(error?.description.contains("No such file") == true)
    }

    /// é in one scalar and in two are two notes. Callers have a dictionary of `String`, with one of the two.
    @Test func notesAreTakenByTheirScalars() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            safetensors("{\"__metadata__\":{\"\u{E9}\":\"one\",\"e\u{301}\":\"two\"}}"), to: "m.safetensors")
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["e\u{301}": "two"])
        #expect(try ModelInventory(path: path).metadata.map(\.value) == ["two", "one"])
    }

    /// Time that grows with the square of the length would not end within the limit.
    @Test(.timeLimit(.minutes(1))) func longHeadersTakeLinearTime() throws {
        let folder = try TemporaryFolder()
        let many = (0..<50_000).map { item("[1]", "[\($0),\($0 + 1)]", name: "tensor.\($0)", type: "U8") }
        let path = try folder.write(
            safetensors("{\(many.joined(separator: ","))}", data: 50_000), to: "many.safetensors")
        let file = try SafetensorsFile(path: path)
        #expect(file.entries.count == 50_000)
        #expect(file.contains("tensor.49999"))

        let escapes = String(repeating: #"\n"#, count: 2_000_000)
        let marks = String(repeating: "e\u{301}\u{327}\u{F73}", count: 100_000)
        let notes = try folder.write(
            safetensors(#"{"__metadata__":{"\#(marks)":"\#(escapes)"}}"#), to: "long.safetensors")
        #expect(try SafetensorsFile(path: notes).metadata[marks]?.utf8.count == 2_000_000)
    }
}
