import AttentionTensors
import Testing

@Suite struct ShapeTests {
    @Test func countsElements() {
        #expect(Shape([]).elementCount == 1)
        #expect(Shape([]).rank == 0)
        #expect(Shape([3, 5, 7]).elementCount == 105)
        #expect(Shape([3, 0, 7]).elementCount == 0)
        #expect(Shape([0]).elementCount == 0)
    }

    @Test func stridesSkipNothing() {
        #expect(Shape([]).contiguousStrides == [])
        #expect(Shape([4]).contiguousStrides == [1])
        #expect(Shape([3, 5, 7]).contiguousStrides == [35, 7, 1])
        // An empty axis leaves the outer strides usable: nothing is read through them, but they are summed.
        #expect(Shape([3, 0, 7]).contiguousStrides == [7, 7, 1])
    }

    @Test(arguments: [
        [-1], [2, -3], [Int.min], [Int.max, 2], [1 << 62, 4], [1 << 32, 1 << 32], [0, -1],
        [1 << 62, 1 << 62, 0], [0, Int.max, Int.max],
    ])
    func refusesExtentsThatMakeNoShape(_ extents: [Int]) {
        let error = #expect(throws: TensorError.self) { try Shape(checking: extents) }
        guard case .invalidShape(let found, let reason)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == extents)
        #expect(!reason.isEmpty)
        #expect(error?.description.contains("\(extents)") == true)
    }

    @Test func acceptsTheLargest() throws {
        #expect(try Shape(checking: [Int.max]).elementCount == Int.max)
        #expect(try Shape(checking: [Int.max, 1, 0]).elementCount == 0)
        #expect(try Shape(checking: [1 << 31, 1 << 31]).elementCount == 1 << 62)
    }

    @Test func isACollectionOfExtents() {
        let shape: Shape = [2, 3, 4]
        #expect(Array(shape) == [2, 3, 4])
        #expect(shape.last == 4)
        #expect(shape == Shape([2, 3, 4]))
        #expect(shape != [2, 3])
        #expect("\(shape)" == "[2, 3, 4]")
        #expect("\(Shape([]))" == "[]")
    }
}
