// The ladder from the equation to the machine's limit: one head of softmax(QKᵀ/√D)·V, N = 2048 positions, D =
// 64, climbed rung by rung. It prints the speed and the error of each. The documentation of `Attention` tells
// the story and shows these functions.

import Attention
import AttentionTensors
import Dispatch
import Foundation

// snippet.equation
func equation(q: Matrix, k: Matrix, v: Matrix) -> Matrix {
    let scale = 1 / Float(q.columns).squareRoot()
    var weights = Matrix(rows: q.rows, columns: k.rows)
    for i in 0..<q.rows {
        for j in 0..<k.rows {
            var score: Float = 0
            for d in 0..<q.columns { score += q[i, d] * k[j, d] }
            weights[i, j] = score * scale
        }
    }
    for i in 0..<q.rows {
        var largest = -Float.infinity
        for j in 0..<k.rows { largest = max(largest, weights[i, j]) }
        var total: Float = 0
        for j in 0..<k.rows {
            weights[i, j] = exponential(weights[i, j] - largest)
            total += weights[i, j]
        }
        for j in 0..<k.rows { weights[i, j] /= total }
    }
    var output = Matrix(rows: q.rows, columns: v.columns)
    for i in 0..<q.rows {
        for j in 0..<k.rows {
            for d in 0..<v.columns { output[i, d] += weights[i, j] * v[j, d] }
        }
    }
    return output
}
// snippet.end

let keysOfBlock = 128

// snippet.blocks
func blocks(q: Matrix, k: Matrix, v: Matrix) -> Matrix {
    let scale = 1 / Float(q.columns).squareRoot()
    var output = Matrix(rows: q.rows, columns: v.columns)
    var scores = [Float](repeating: 0, count: keysOfBlock)

    func computeScores(_ i: Int, _ keys: Range<Int>) {
        for j in keys {
            var score: Float = 0
            for d in 0..<q.columns { score += q[i, d] * k[j, d] }
            scores[j - keys.lowerBound] = score * scale
        }
    }

    for i in 0..<q.rows {
        var largest = -Float.infinity
        var total: Float = 0
        for start in stride(from: 0, to: k.rows, by: keysOfBlock) {
            let keys = start..<min(start + keysOfBlock, k.rows)
            computeScores(i, keys)
            let old = largest
            for score in scores.prefix(keys.count) { largest = max(largest, score) }
            total *= exponential(old - largest)
            for score in scores.prefix(keys.count) { total += exponential(score - largest) }
        }
        for start in stride(from: 0, to: k.rows, by: keysOfBlock) {
            let keys = start..<min(start + keysOfBlock, k.rows)
            computeScores(i, keys)
            for j in keys {
                let weight = exponential(scores[j - start] - largest) / total
                for d in 0..<v.columns { output[i, d] += weight * v[j, d] }
            }
        }
    }
    return output
}
// snippet.end

// snippet.onlineSoftmax
func onlineSoftmax(q: Matrix, k: Matrix, v: Matrix) -> Matrix {
    let scale = 1 / Float(q.columns).squareRoot()
    var output = Matrix(rows: q.rows, columns: v.columns)
    var scores = [Float](repeating: 0, count: keysOfBlock)
    for i in 0..<q.rows {
        var largest = -Float.infinity
        var total: Float = 0
        for start in stride(from: 0, to: k.rows, by: keysOfBlock) {
            let keys = start..<min(start + keysOfBlock, k.rows)
            let old = largest
            for j in keys {
                var score: Float = 0
                for d in 0..<q.columns { score += q[i, d] * k[j, d] }
                scores[j - start] = score * scale
                largest = max(largest, score * scale)
            }
            let factor = exponential(old - largest)
            total *= factor
            for d in 0..<v.columns { output[i, d] *= factor }
            for j in keys {
                let weight = exponential(scores[j - start] - largest)
                total += weight
                for d in 0..<v.columns { output[i, d] += weight * v[j, d] }
            }
        }
        for d in 0..<v.columns { output[i, d] /= total }
    }
    return output
}
// snippet.end

// snippet.powerOfTwo
typealias Lanes = SIMD8<Float>

/// The larger of each two lanes. (`pointwiseMax` goes lane by lane.)
@inline(__always)
func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: a .< b) }

/// 2ˣ for x ≤ 0: the whole part of x goes into the exponent's bits, a polynomial does the rest.
@inline(__always)
func powerOfTwo(_ x: Lanes) -> Lanes {
    let x = larger(x, Lanes(repeating: -126))
    let shifted = x + 12_582_912  // 1.5·2²³: the sum's low bits are the nearest whole number
    let f = x - (shifted - 12_582_912)
    var p = f * 0x1.41fbbcp-13 + 0x1.5f3e52p-10
    p = p * f + 0x1.3b2d4cp-7
    p = p * f + 0x1.c6aee8p-5
    p = p * f + 0x1.ebfbdcp-3
    p = p * f + 0x1.62e430p-1
    p = p * f + 1
    let exponent = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &* (1 << 23)
    return unsafeBitCast(unsafeBitCast(p, to: SIMD8<Int32>.self) &+ exponent, to: Lanes.self)
}
// snippet.end

// snippet.transposedTiles
@inline(__always)
func transposedTiles(
    q: Matrix, k: Matrix, v: Matrix, power: (Lanes) -> Lanes, add: (inout Lanes, Lanes, Float) -> Void
) -> Matrix {
    let scale = 1.442695 / Float(q.columns).squareRoot()  // log₂ e: the exponentials are powers of two
    var output = Matrix(rows: q.rows, columns: v.columns)
    var queries = [Lanes](repeating: .zero, count: q.columns)
    var scores = [Lanes](repeating: .zero, count: keysOfBlock)
    var sums = [Lanes](repeating: .zero, count: v.columns)
    for first in stride(from: 0, to: q.rows, by: Lanes.scalarCount) {
        for d in 0..<q.columns {
            for lane in 0..<Lanes.scalarCount { queries[d][lane] = q[first + lane, d] * scale }
            sums[d] = .zero
        }
        var largest = Lanes(repeating: -.infinity)
        var total = Lanes.zero
        for start in stride(from: 0, to: k.rows, by: keysOfBlock) {
            let keys = start..<min(start + keysOfBlock, k.rows)
            let old = largest
            for j in keys {
                var score = Lanes.zero
                for d in 0..<q.columns { add(&score, queries[d], k[j, d]) }
                scores[j - start] = score
                largest = larger(largest, score)
            }
            let factor = power(old - largest)
            total *= factor
            for d in 0..<v.columns { sums[d] *= factor }
            for j in keys {
                let weight = power(scores[j - start] - largest)
                total += weight
                for d in 0..<v.columns { add(&sums[d], weight, v[j, d]) }
            }
        }
        for d in 0..<v.columns {
            let quotient = sums[d] / total
            for lane in 0..<Lanes.scalarCount { output[first + lane, d] = quotient[lane] }
        }
    }
    return output
}
// snippet.end

// snippet.registers
/// Four rows of Sᵀ: scores[r] = Σ_d k[r · width + d] · queries[d], for r = 0 … 3.
@inline(__always)
func fourScores(
    _ k: UnsafePointer<Float>, _ queries: UnsafePointer<Lanes>, width: Int,
    _ scores: UnsafeMutablePointer<Lanes>
) {
    var (s0, s1, s2, s3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    for d in 0..<width {
        let query = queries[d]
        s0 += query * k[d]
        s1 += query * k[width + d]
        s2 += query * k[2 * width + d]
        s3 += query * k[3 * width + d]
    }
    (scores[0], scores[1], scores[2], scores[3]) = (s0, s1, s2, s3)
}

/// Four rows of Oᵀ: sums[r] += Σ_j v[j · width + r] · weights[j], for r = 0 … 3.
@inline(__always)
func fourSums(
    _ v: UnsafePointer<Float>, _ weights: UnsafePointer<Lanes>, keys: Int, width: Int,
    _ sums: UnsafeMutablePointer<Lanes>
) {
    var (s0, s1, s2, s3) = (sums[0], sums[1], sums[2], sums[3])
    for j in 0..<keys {
        let weight = weights[j]
        s0 += weight * v[j * width]
        s1 += weight * v[j * width + 1]
        s2 += weight * v[j * width + 2]
        s3 += weight * v[j * width + 3]
    }
    (sums[0], sums[1], sums[2], sums[3]) = (s0, s1, s2, s3)
}
// snippet.end

func registers(q: Matrix, k: Matrix, v: Matrix) -> Matrix {
    var output = Matrix(rows: q.rows, columns: v.columns)
    for first in stride(from: 0, to: q.rows, by: Lanes.scalarCount) {
        attend(queries: first..<first + Lanes.scalarCount, q, k, v) { output[$0, $1] = $2 }
    }
    return output
}

// snippet.attend
/// One vector of queries against all keys; keys and columns in fours.
func attend(
    queries rows: Range<Int>, _ q: Matrix, _ k: Matrix, _ v: Matrix,
    write: (_ row: Int, _ column: Int, Float) -> Void
) {
    let scale = 1.442695 / Float(q.columns).squareRoot()
    var queries = [Lanes](repeating: .zero, count: q.columns)
    for d in 0..<q.columns {
        for (lane, row) in rows.enumerated() { queries[d][lane] = q[row, d] * scale }
    }
    var scores = [Lanes](repeating: .zero, count: keysOfBlock)
    var sums = [Lanes](repeating: .zero, count: v.columns)
    var largest = Lanes(repeating: -.infinity)
    var total = Lanes.zero
    k.elements.withUnsafeBufferPointer { k in
        v.elements.withUnsafeBufferPointer { v in
            let width = q.columns
            for start in stride(from: 0, to: k.count / width, by: keysOfBlock) {
                let count = min(keysOfBlock, k.count / width - start)
                for j in stride(from: 0, to: count, by: 4) {
                    fourScores(k.baseAddress! + (start + j) * width, queries, width: width, &scores[j])
                }
                let old = largest
                for j in 0..<count { largest = larger(largest, scores[j]) }
                let factor = powerOfTwo(old - largest)
                total *= factor
                for d in sums.indices { sums[d] *= factor }
                for j in 0..<count {
                    scores[j] = powerOfTwo(scores[j] - largest)
                    total += scores[j]
                }
                for d in stride(from: 0, to: sums.count, by: 4) {
                    fourSums(
                        v.baseAddress! + start * sums.count + d, scores, keys: count, width: sums.count,
                        &sums[d])
                }
            }
        }
    }
    for d in sums.indices {
        let quotient = sums[d] / total
        for (lane, row) in rows.enumerated() { write(row, d, quotient[lane]) }
    }
}
// snippet.end

// snippet.threads
func threads(q: Matrix, k: Matrix, v: Matrix) -> Matrix {
    var output = Matrix(rows: q.rows, columns: v.columns)
    let blockRows = 128
    output.elements.withUnsafeMutableBufferPointer { elements in
        // No two items write the same row.
        nonisolated(unsafe) let rows = elements.baseAddress!
        DispatchQueue.concurrentPerform(iterations: q.rows / blockRows) { block in
            for first in stride(from: block * blockRows, to: (block + 1) * blockRows, by: Lanes.scalarCount) {
                attend(queries: first..<first + Lanes.scalarCount, q, k, v) { rows[$0 * v.columns + $1] = $2 }
            }
        }
    }
    return output
}
// snippet.end

// snippet.library
func library(q: Matrix, k: Matrix, v: Matrix) -> Matrix {
    var output = Matrix(rows: q.rows, columns: v.columns)
    do {
        let tensors = try [q, k, v].map { try Tensor($0.elements, shape: [1, 1, $0.rows, $0.columns]) }
        output.elements = try attention(query: tensors[0], key: tensors[1], value: tensors[2]).scalars
    } catch {
        print(error)
    }
    return output
}
// snippet.end

/// A matrix of float32 numbers in row-major order, as plain as the ladder's snippets need it.
struct Matrix: Sendable {
    let rows: Int
    let columns: Int
    var elements: [Float]

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        elements = [Float](repeating: 0, count: rows * columns)
    }

    subscript(row: Int, column: Int) -> Float {
        get { elements[row * columns + column] }
        set { elements[row * columns + column] = newValue }
    }

    /// Numbers between −√3 and √3, with variance 1, from a linear congruential generator.
    init(rows: Int, columns: Int, seed: UInt64) {
        self.init(rows: rows, columns: columns)
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        for index in elements.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            elements[index] = (Float(state >> 40) * 0x1p-23 - 1) * 1.7320508
        }
    }
}

/// One rung of the ladder from the equation to the machine's limit: a way to compute attention, checked and
/// timed.
///
/// Every rung computes one head of softmax(QKᵀ/√D)·V with N = 2048 positions and D = 64, 4·N²·D operations.
enum Rung {
    static let positions = 2048
    static let width = 64

    /// Prints the speed of `attention` and its largest error against double precision.
    ///
    /// - Parameters:
    ///   - name: What the rung adds.
    ///   - heads: How many heads `attention` computes (all of them the same), for rungs that share work.
    ///   - attention: From queries, keys and values, each `[N, D]`, to the output, `[N, D]`.
    static func report(
        _ name: String, heads: Int = 1, _ attention: (_ q: Matrix, _ k: Matrix, _ v: Matrix) -> Matrix
    ) {
        let matrices = (1...3).map { Matrix(rows: positions, columns: width, seed: UInt64($0)) }
        var output = attention(matrices[0], matrices[1], matrices[2])  // warms the caches, and is checked
        let clock = ContinuousClock()
        var times: [Duration] = []
        let start = clock.now
        repeat {
            times.append(clock.measure { output = attention(matrices[0], matrices[1], matrices[2]) })
        } while (times.count < 5 || start.duration(to: clock.now) < .seconds(0.5)) && times.count < 200
        let seconds = times.sorted()[times.count / 2] / .seconds(1)
        let operations = Double(4 * positions * positions * width * heads)
        let error = largestError(of: output, matrices)
        print(
            "\(name): \(rounded(operations / seconds / 1e9, 2)) GFLOP/s, error \(rounded(error * 1e7, 1))e-7")
    }

    /// The largest difference from the equation in double precision, over a few rows.
    private static func largestError(of output: Matrix, _ matrices: [Matrix]) -> Double {
        let (q, k, v) = (matrices[0], matrices[1], matrices[2])
        var largest = 0.0
        for row in stride(from: 0, to: positions, by: 97) {
            let scores = (0..<positions).map { key in
                (0..<width).reduce(0.0) { $0 + Double(q[row, $1]) * Double(k[key, $1]) } / 8
            }
            let highest = scores.max()!
            let weights = scores.map { exponential($0 - highest) }
            let total = weights.reduce(0, +)
            for column in 0..<width {
                let exact = (0..<positions).reduce(0.0) { $0 + weights[$1] * Double(v[$1, column]) } / total
                largest = max(largest, abs(exact - Double(output[row, column])))
            }
        }
        return largest
    }

    private static func rounded(_ value: Double, _ digits: Int) -> Double {
        let scale = [1.0, 10, 100][digits]
        return (value * scale).rounded() / scale
    }
}

func exponential(_ x: Float) -> Float { expf(x) }
func exponential(_ x: Double) -> Double { exp(x) }

Rung.report("equation", equation)
Rung.report("blocks, two passes", blocks)
Rung.report("online softmax", onlineSoftmax)
Rung.report("transposed, the C library's exponential in each lane") {
    transposedTiles(
        q: $0, k: $1, v: $2,
        power: { x in
            var result = Lanes.zero
            for lane in x.indices { result[lane] = exp2f(x[lane]) }
            return result
        }, add: { $0 += $1 * $2 })
}
Rung.report("transposed tiles") {
    transposedTiles(q: $0, k: $1, v: $2, power: powerOfTwo, add: { $0 += $1 * $2 })
}
Rung.report("transposed, addProduct") {
    transposedTiles(q: $0, k: $1, v: $2, power: powerOfTwo, add: { $0.addProduct($1, Lanes(repeating: $2)) })
}
Rung.report("registers", registers)
Rung.report("threads", threads)
Rung.report("instruction set (this library)", library)
