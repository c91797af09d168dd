import AttentionHub
import Testing

/// The examples of FIPS 180-4, and the lengths around a block's end.
struct HashTests {
    private func digest(_ start: some BlockHash, _ text: [UInt8], pieces: Int = .max) -> String {
        var hash = start
        var rest = text[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { hash.update($0) }
            rest = rest.dropFirst(pieces)
        }
        return hash.digest()
    }

    @Test func publishedExamples() {
        let abc = Array("abc".utf8)
        let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        let million = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(
            digest(SHA256(), abc) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(digest(SHA256(), []) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            digest(SHA256(), long) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            digest(SHA256(), million) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(digest(SHA1(), abc) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(digest(SHA1(), []) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(digest(SHA1(), long) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(digest(SHA1(), million) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
    }

    @Test func piecesDoNotMatter() {
        for count in [1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let whole = digest(SHA256(), bytes)
            for pieces in [1, 3, 63, 64, 65] { #expect(digest(SHA256(), bytes, pieces: pieces) == whole) }
            #expect(digest(SHA1(), bytes, pieces: 5) == digest(SHA1(), bytes))
        }
    }

    /// git's hash of a file with these contents.
    @Test func gitObjects() {
        #expect(
            FakeHub.File(content: [], isLarge: false).tag == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
        #expect(
            FakeHub.File(content: Array("hello\n".utf8), isLarge: false).tag
                == "ce013625030ba8dba906f756967f9e9ca394464a")
    }
}
