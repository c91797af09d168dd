import AttentionTensors
import TestSupport
import Testing

/// Numbers, shapes and errors of tensors; `TensorViewTests` has the views.
@Suite struct TensorTests {
    @Test func holdsScalarsInRowMajorOrder() throws {
        let tensor = try Tensor([0, 1, 2, 3, 4, 5], shape: [2, 3])
        #expect(tensor[0, 0] == 0)
        #expect(tensor[0, 2] == 2)
        #expect(tensor[1, 0] == 3)
        #expect(tensor.scalars == [0, 1, 2, 3, 4, 5])
    }

    @Test func rankZeroIsOneNumber() throws {
        let tensor = try Tensor([7], shape: [])
        #expect(tensor.rank == 0)
        #expect(tensor.elementCount == 1)
        #expect(tensor.isContiguous)
        #expect(tensor[] == 7)
        #expect(tensor.scalars == [7])
        #expect(try tensor.reshaped(to: [1, 1]).shape == [1, 1])
        #expect(try (tensor + tensor).scalars == [14])
    }

    @Test(arguments: [[0], [0, 3], [3, 0], [2, 0, 5], [0, 0]])
    func emptyTensorsHoldNothing(_ extents: [Int]) throws {
        let shape = Shape(extents)
        let tensor = Tensor.zeros(shape)
        #expect(tensor.scalars.isEmpty)
        #expect(tensor.isContiguous)
        #expect(try Tensor([], shape: shape).shape == shape)
        #expect(try tensor.reshaped(to: [0]).scalars.isEmpty)
        #expect(try (tensor + tensor).shape == shape)
        #expect(try Activation.gelu(tensor).shape == shape)
        if tensor.rank > 1 {
            let turned = tensor.transposed(0, 1)
            #expect(turned.scalars.isEmpty)
            #expect(turned.contiguous().shape == turned.shape)
        }
        #expect(tensor.description.hasPrefix("Tensor\(shape)"))
    }

    @Test func refusesAWrongCount() {
        #expect(throws: TensorError.countMismatch(tensor: "tensor", expected: 6, found: 5)) {
            try Tensor([1, 2, 3, 4, 5], shape: [2, 3])
        }
        #expect(throws: TensorError.countMismatch(tensor: "tensor", expected: 1, found: 0)) {
            try Tensor([], shape: [])
        }
    }

    @Test func reshapesOnlyToTheSameCount() throws {
        let tensor = try Tensor((0..<12).map(Float.init), shape: [3, 4])
        #expect(try tensor.reshaped(to: [2, 1, 6]).scalars == tensor.scalars)
        #expect(throws: TensorError.self) { try tensor.reshaped(to: [5]) }
        #expect(throws: TensorError.self) { try tensor.reshaped(to: [0]) }
        #expect(throws: TensorError.self) { try tensor.reshaped(to: []) }
    }

    @Test func addsEqualShapesOnly() throws {
        let a = try Tensor([1, 2, 3, 4], shape: [2, 2])
        #expect(try (a + a.transposed(0, 1)).scalars == [2, 5, 5, 8])
        #expect(throws: TensorError.self) { try a + a.reshaped(to: [4]) }
    }

    @Test func memoryIsAligned() {
        for count in [0, 1, 3, 17, 1000] {
            let address = Tensor.zeros([count]).withElementPointer { UInt(bitPattern: $0) }
            #expect(address % UInt(TensorStorage.alignment) == 0)
        }
    }

    @Test func initialisesThroughABody() throws {
        struct Stop: Error, Equatable {}
        #expect(throws: Stop()) { try Tensor(shape: [3]) { _ throws(Stop) in throw Stop() } }
        let tensor = Tensor(shape: [2, 2]) { _ = $0.initialize(fromContentsOf: [1, 2, 3, 4]) }
        #expect(tensor.scalars == [1, 2, 3, 4])
        #expect(Tensor(repeating: 2.5, shape: [3]).scalars == [2.5, 2.5, 2.5])
    }

    @Test func describesItself() throws {
        #expect(try Tensor([1, 2], shape: [1, 2]).description == "Tensor[1, 2] [1.0, 2.0]")
        #expect(Tensor.zeros([100]).description.hasSuffix("…]"))
    }
}
