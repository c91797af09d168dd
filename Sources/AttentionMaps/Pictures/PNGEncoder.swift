/// Writes pictures with a palette of up to 256 colours as PNG (ISO/IEC 15948, colour type 3).
package enum PNGEncoder {
    /// - Parameters:
    ///   - pixels: One index into the palette a pixel, `width × height` of them, row by row.
    package static func encode(
        pixels: [UInt8], width: Int, height: Int, palette: [ColorRamp.Color]
    ) -> [UInt8] {
        precondition(
            width > 0 && height > 0 && pixels.count == width * height, "pixels must fill the picture")
        precondition((1...256).contains(palette.count), "a palette has 1 to 256 colours")
        var scanlines: [UInt8] = []
        scanlines.reserveCapacity(pixels.count + height)
        for row in 0..<height {
            scanlines.append(0)  // no filter: neighbours' differences say nothing about palette indices
            scanlines += pixels[row * width..<(row + 1) * width]
        }
        let size = Deflate.bigEndian(UInt32(width)) + Deflate.bigEndian(UInt32(height))
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            // 8 bits, palette, deflate, adaptive filtering, not interlaced
            + chunk("IHDR", size + [8, 3, 0, 0, 0])
            + chunk("PLTE", palette.flatMap { [$0.red, $0.green, $0.blue] })
            + chunk("IDAT", Deflate.zlib(scanlines, row: width + 1))
            + chunk("IEND", [])
    }

    private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
        let checked = Array(name.utf8) + content
        return Deflate.bigEndian(UInt32(content.count)) + checked + Deflate.bigEndian(crc32(checked))
    }

    /// The cyclic redundancy check of PNG's annex D.
    package static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { crcTable[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }

    private static let crcTable: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
        }
    }
}
