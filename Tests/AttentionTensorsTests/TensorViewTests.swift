import AttentionTensors
import TestSupport
import Testing

/// Views share memory and never show another's writes.
@Suite struct TensorViewTests {
    static let counted = Tensor(shape: [2, 3, 4, 5]) { elements in
        for index in elements.indices { elements.initializeElement(at: index, to: Float(index)) }
    }

    /// A view as nested loops over indices, which is what its numbers must be.
    func scalars(_ tensor: Tensor, at index: (Int, Int, Int, Int) -> Float) -> [Float] {
        var result: [Float] = []
        for a in 0..<tensor.shape[0] {
            for b in 0..<tensor.shape[1] {
                for c in 0..<tensor.shape[2] {
                    for d in 0..<tensor.shape[3] { result.append(index(a, b, c, d)) }
                }
            }
        }
        return result
    }

    @Test(arguments: 0..<4, 0..<4)
    func transposesAnyTwoAxes(_ first: Int, _ second: Int) {
        let whole = Self.counted
        let turned = whole.transposed(first, second)
        let expected = scalars(turned) { a, b, c, d in
            var index = [a, b, c, d]
            index.swapAt(first, second)
            return whole[index[0], index[1], index[2], index[3]]
        }
        #expect(turned.scalars == expected)
        #expect(turned.isContiguous == (first == second))
        #expect(turned.storage === whole.storage)
        #expect(turned.contiguous().isContiguous)
        #expect(areBitwiseEqual(turned.transposed(first, second), whole))
    }

    @Test(arguments: 0..<4)
    func slicesEveryAxis(_ axis: Int) {
        let whole = Self.counted
        let extent = whole.shape[axis]
        for start in 0...extent {
            for end in start...extent {
                let slice = whole.sliced(axis: axis, start..<end)
                let expected = scalars(slice) { a, b, c, d in
                    var index = [a, b, c, d]
                    index[axis] += start
                    return whole[index[0], index[1], index[2], index[3]]
                }
                #expect(slice.shape[axis] == end - start)
                #expect(slice.scalars == expected)
                #expect(slice.storage === whole.storage)
            }
        }
    }

    @Test(arguments: 0..<4)
    func selectsAlongEveryAxis(_ axis: Int) {
        let whole = Self.counted
        for index in 0..<whole.shape[axis] {
            let part = whole.selecting(axis: axis, index)
            #expect(part.rank == 3)
            #expect(part.scalars == whole.sliced(axis: axis, index..<index + 1).scalars)
        }
    }

    @Test func viewsOfViews() throws {
        let view = Self.counted.transposed(1, 3).sliced(axis: 1, 1..<4).selecting(axis: 2, 2)
        #expect(view.shape == [2, 3, 3])
        for a in 0..<2 {
            for b in 0..<3 {
                for c in 0..<3 { #expect(view[a, b, c] == Self.counted[a, c, 2, b + 1]) }
            }
        }
        #expect(try view.reshaped(to: [18]).scalars == view.scalars)
    }

    @Test func headsGoApartAndTogether() throws {
        var random = SeededGenerator(seed: 1)
        let rows = random.tensor([2, 5, 12])
        let heads = try rows.splitIntoHeads(3)
        #expect(heads.shape == [2, 3, 5, 4])
        #expect(heads[1, 2, 3, 1] == rows[1, 3, 9])
        #expect(heads.storage === rows.storage)
        let together = try heads.concatenatingHeads()
        #expect(areBitwiseEqual(together, rows))
        #expect(together.storage === rows.storage)
        #expect(throws: TensorError.self) { try rows.splitIntoHeads(5) }
        #expect(throws: TensorError.self) { try rows.splitIntoHeads(0) }
        #expect(throws: TensorError.self) { try rows.splitIntoHeads(-3) }
        #expect(throws: TensorError.self) { try rows.selecting(axis: 0, 0).splitIntoHeads(3) }
        #expect(throws: TensorError.self) { try rows.concatenatingHeads() }
    }

    @Test func headsOfAStridedTensor() throws {
        var random = SeededGenerator(seed: 2)
        let turned = random.tensor([2, 12, 5]).transposed(1, 2)
        let heads = try turned.splitIntoHeads(4)
        for head in 0..<4 {
            let expected = turned.sliced(axis: 2, head * 3..<head * 3 + 3)
            #expect(heads.selecting(axis: 1, head).scalars == expected.scalars)
        }
    }

    @Test func writingNeverReachesAnother() throws {
        var first = try Tensor([1, 2, 3, 4], shape: [2, 2])
        let second = first
        let row = first.selecting(axis: 0, 1)
        first.withUnsafeMutableBuffer { $0[2] = 30 }
        #expect(first.scalars == [1, 2, 30, 4])
        #expect(second.scalars == [1, 2, 3, 4])
        #expect(row.scalars == [3, 4])
    }

    @Test func writingThroughAViewCopiesItsPartOnly() throws {
        let whole = try Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
        var column = whole.selecting(axis: 1, 1)
        column.withUnsafeMutableBuffer { elements in
            #expect(Array(elements) == [2, 5])
            elements[0] = 9
        }
        #expect(column.scalars == [9, 5])
        #expect(whole.scalars == [1, 2, 3, 4, 5, 6])
    }

    @Test func theOnlyOwnerWritesInPlace() throws {
        var tensor = try Tensor([1, 2, 3], shape: [3])
        let before = tensor.withElementPointer { UInt(bitPattern: $0) }
        tensor.withUnsafeMutableBuffer { $0[0] = 5 }
        #expect(tensor.withElementPointer { UInt(bitPattern: $0) } == before)
        #expect(tensor.scalars == [5, 2, 3])
    }

    @Test func borrowedMemoryIsNeverWritten() throws {
        let owner = TensorStorage(byteCount: 8)
        owner.baseAddress.storeBytes(of: 1, as: Float.self)
        owner.baseAddress.storeBytes(of: 2, toByteOffset: 4, as: Float.self)
        let bytes = UnsafeRawBufferPointer(start: owner.baseAddress, count: 8)
        var tensor = Tensor(
            shape: [2], strides: [1], offset: 0, storage: TensorStorage(borrowing: bytes, from: owner))
        tensor.withUnsafeMutableBuffer { $0[0] = 9 }
        #expect(tensor.scalars == [9, 2])
        #expect(owner.baseAddress.load(as: Float.self) == 1)
    }

    @Test func contiguityIgnoresAxesOfOne() {
        #expect(Tensor.zeros([3, 1, 4]).transposed(0, 1).isContiguous)
        #expect(!Tensor.zeros([3, 2, 4]).transposed(0, 1).isContiguous)
        #expect(!Tensor.zeros([3, 4]).sliced(axis: 1, 0..<2).isContiguous)
        #expect(Tensor.zeros([3, 4]).sliced(axis: 0, 1..<3).isContiguous)
        #expect(Tensor.zeros([3, 4]).sliced(axis: 1, 2..<2).isContiguous)
    }
}
