import AttentionTensors
import Testing

/// The elements of files as float32.
@Suite struct StoredTensorTests {
    /// An IEEE 754 half by its definition, in double precision.
    func value(ofHalf bits: UInt16) -> Double {
        let sign: Double = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) % 32
        let fraction = Double(bits % 1024) / 1024
        switch exponent {
        case 31: return fraction == 0 ? sign * .infinity : .nan
        case 0: return sign * fraction * Double(sign: .plus, exponent: -14, significand: 1)
        default: return sign * (1 + fraction) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    func bytes<T: FixedWidthInteger>(_ numbers: some Sequence<T>) -> [UInt8] {
        numbers.flatMap { number in
            (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        }
    }

    @Test func everyHalfHasItsValue() throws {
        let all = (0...UInt16.max)
        let stored = try StoredTensor(
            name: "halves", elementType: .float16, shape: [256, 256], bytes: bytes(all))
        let found = try stored.float32().scalars
        #expect(found.count == 65_536)
        let wrong = all.filter { bits in
            let (a, b) = (Double(found[Int(bits)]), value(ofHalf: bits))
            return !(a.isNaN && b.isNaN) && !(a == b && a.sign == b.sign)
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5).map { String($0, radix: 16) })")
        #expect(found[0x0001] == 0x1p-24)
        #expect(found[0x3C00] == 1)
        #expect(found[0x7BFF] == 65504)
    }

    @Test func everyBfloat16HasItsValue() throws {
        let all = (0...UInt16.max)
        let stored = try StoredTensor(
            name: "bfloat16", elementType: .bfloat16, shape: [65_536], bytes: bytes(all))
        let found = try stored.float32().scalars
        #expect(all.allSatisfy { found[Int($0)].bitPattern == UInt32($0) << 16 })
        #expect(found[0x3FC0] == 1.5)
        #expect(found[0xFF80] == -.infinity)
    }

    @Test func doublesAreRounded() throws {
        let numbers: [Double] = [
            0, -0.0, 1.1, -1e300, 1e-50, 0x1p-149, .infinity, 16_777_217, 0x1.fffffep127,
        ]
        let stored = try StoredTensor(
            name: "doubles", elementType: .float64, shape: [numbers.count],
            bytes: bytes(numbers.map(\.bitPattern)))
        #expect(try stored.float32().scalars.map(\.bitPattern) == numbers.map { Float($0).bitPattern })
        let nan = try StoredTensor(
            name: "nan", elementType: .float64, shape: [], bytes: bytes([Double.nan.bitPattern]))
        #expect(try nan.float32()[].isNaN)
    }

    @Test(arguments: 0..<9, [ElementType.float64, .float32, .float16, .bfloat16])
    func anyByteOffsetWillDo(_ offset: Int, _ type: ElementType) throws {
        let ones: [UInt8] =
            switch type {
            case .float64: bytes([Double(1).bitPattern, Double(-2.5).bitPattern])
            case .float32: bytes([Float(1).bitPattern, Float(-2.5).bitPattern])
            case .float16: bytes([UInt16(0x3C00), 0xC100])
            default: bytes([UInt16(0x3F80), 0xC020])
            }
        let storage = TensorStorage(byteCount: offset + ones.count)
        for (index, byte) in ([UInt8](repeating: 0xAA, count: offset) + ones).enumerated() {
            storage.baseAddress.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
        let stored = try StoredTensor(
            name: "t", elementType: type, shape: [2], bytes: offset..<offset + ones.count, in: storage)
        #expect(stored.byteCount == ones.count)
        #expect(try stored.float32().scalars == [1, -2.5])
    }

    @Test func alignedFloat32IsNotCopied() throws {
        let storage = TensorStorage(byteCount: 64)
        storage.baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
        let stored = try StoredTensor(
            name: "t", elementType: .float32, shape: [3], bytes: 8..<20, in: storage)
        let tensor = try stored.float32()
        #expect(tensor.storage === storage)
        #expect(
            tensor.withElementPointer { UnsafeRawPointer($0) } == UnsafeRawPointer(storage.baseAddress + 8))
    }

    @Test func bytesMustFillTheShape() throws {
        let storage = TensorStorage(byteCount: 16)
        for range in [0..<12, 4..<20, 8..<24, -8..<8, 0..<0] {
            let error = #expect(throws: TensorError.self) {
                try StoredTensor(
                    name: "w", elementType: .float32, shape: [2, 2], bytes: range, in: storage)
            }
            guard case .countMismatch(tensor: "w", expected: 4, found: _)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        // 2⁶² elements of 4 bytes do not fit in an Int.
        #expect(throws: TensorError.self) {
            try StoredTensor(
                name: "w", elementType: .float32, shape: [1 << 62], bytes: 0..<0, in: storage)
        }
        let empty = try StoredTensor(name: "w", elementType: .float16, shape: [3, 0], bytes: [])
        #expect(try empty.float32().shape == [3, 0])
    }

    @Test(arguments: ElementType.allCases)
    func onlyFloatingPointBecomesNumbers(_ type: ElementType) throws {
        let stored = try StoredTensor(
            name: "w", elementType: type, shape: [2 * type.blockLength],
            bytes: [UInt8](repeating: 0, count: 2 * type.byteWidth))
        switch type {
        case .float64, .float32, .float16, .bfloat16,
            _ where type.blockLength > 1:
            #expect(try stored.float32().scalars.allSatisfy { $0 == 0 })
        default:
            let error = #expect(throws: TensorError.unsupportedElementType(tensor: "w", found: type)) {
                try stored.float32()
            }
            #expect(error?.description.contains(type.rawValue) == true)
        }
    }

    @Test func aTensorIsStoredWithoutGaps() throws {
        let tensor = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]).transposed(0, 1)
        let stored = StoredTensor(name: "t", tensor)
        #expect(stored.shape == [3, 2])
        #expect(stored.elementType == .float32)
        let read = stored.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        #expect(read == [1, 4, 2, 5, 3, 6])
    }
}
