/// A colour scale for weights from 0 to 1.
///
/// Both scales were laid out in OKLCH with even steps of lightness, so equal steps of weight look equally
/// large and the order survives in grey; the hue turns from yellow through rose to violet.
package struct ColorRamp: Sendable {
    package struct Color: Sendable, Equatable {
        package let red: UInt8
        package let green: UInt8
        package let blue: UInt8

        package init(_ hex: UInt32) {
            red = UInt8(truncatingIfNeeded: hex >> 16)
            green = UInt8(truncatingIfNeeded: hex >> 8)
            blue = UInt8(truncatingIfNeeded: hex)
        }

        /// `#rrggbb`.
        package var hex: String {
            "#"
                + [red, green, blue].map { value in
                    let digits = String(value, radix: 16)
                    return digits.count == 1 ? "0" + digits : digits
                }.joined()
        }
    }

    package let stops: [Color]

    /// From paper to deep violet, for light backgrounds.
    package static let light = ColorRamp(stops: [
        0xFAF7F3, 0xF2E1C8, 0xEFC89F, 0xF2AA7B, 0xF38865, 0xEB6666, 0xDB4473, 0xBE2F83, 0x9C1E92, 0x761D92,
        0x531888, 0x37176F, 0x211252,
    ])
    /// From night to pale yellow, for dark backgrounds.
    package static let dark = ColorRamp(stops: [
        0x1F1F2C, 0x2F284E, 0x462D6F, 0x692E84, 0x93288A, 0xBA2D7A, 0xDC3864, 0xF0574C, 0xFC7833, 0xFE9C37,
        0xFDBC55, 0xFDD880, 0xFFF2B0,
    ])

    private init(stops: [UInt32]) {
        self.stops = stops.map(Color.init)
    }

    /// The colour at a place from 0 to 1; places outside take the nearer end.
    package subscript(place: Float) -> Color {
        let scaled = min(max(place, 0), 1) * Float(stops.count - 1)
        let index = min(Int(scaled), stops.count - 2)
        let fraction = scaled - Float(index)
        let (from, to) = (stops[index], stops[index + 1])
        func mix(_ from: UInt8, _ to: UInt8) -> UInt32 {
            UInt32((Float(from) + (Float(to) - Float(from)) * fraction).rounded())
        }
        return Color(
            mix(from.red, to.red) << 16 | mix(from.green, to.green) << 8 | mix(from.blue, to.blue))
    }
}
