import AttentionJSON
import CAttentionKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The processor features that the inner loops are compiled for. The best one that the machine has is
/// chosen once; the environment variable `ATTENTION_ISA` forces another.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// Plain code for every machine, without fused multiply-add.
    case scalar
    /// 64-bit Arm.
    case neon
    /// x86-64 with AVX2 and FMA.
    case avx2
    /// x86-64 with AVX-512 F, DQ, VL and BW.
    case avx512
    /// The same with dot products of 8-bit integers (VNNI).
    case avx512vnni

    /// The instruction sets that this build and this machine have, slowest first.
    public static let available: [InstructionSet] = allCases.filter { $0.table != nil }

    /// The set named by `ATTENTION_ISA`, or else the best available.
    private static let selection: Result<InstructionSet, TensorError> = Result { () throws(TensorError) in
        guard let requested = getenv("ATTENTION_ISA").map({ String(cString: $0) }), !requested.isEmpty else {
            return available.last ?? .scalar
        }
        guard let choice = InstructionSet(exactly: requested), choice.table != nil else {
            throw .instructionSetUnavailable(requested: requested, available: available.map(\.rawValue))
        }
        return choice
    }

    /// An instruction set for a task's kernels instead of the selected one. For tests.
    @TaskLocal package static var forced: InstructionSet?

    /// The instruction set that computations of this task use.
    ///
    /// - Throws: ``TensorError/instructionSetUnavailable(requested:available:)`` if `ATTENTION_ISA` names one
    ///   that is unknown or absent.
    public static func selected() throws(TensorError) -> InstructionSet {
        if let forced { return forced }
        return try selection.get()
    }

    fileprivate var table: UnsafePointer<ak_kernels>? {
        switch self {
        case .scalar: ak_kernels_for(AK_SCALAR)
        case .neon: ak_kernels_for(AK_NEON)
        case .avx2: ak_kernels_for(AK_AVX2)
        case .avx512: ak_kernels_for(AK_AVX512)
        case .avx512vnni: ak_kernels_for(AK_AVX512_VNNI)
        }
    }
}

/// The table of inner loops for one instruction set.
///
/// `@unchecked Sendable`: the table is a constant of the program, never written.
package struct Kernels: @unchecked Sendable {
    package let instructionSet: InstructionSet
    package let table: UnsafePointer<ak_kernels>

    /// The kernels that computations of this task use.
    package static func selected() throws(TensorError) -> Kernels {
        let instructionSet = try InstructionSet.selected()
        guard let table = instructionSet.table else {
            throw .instructionSetUnavailable(
                requested: instructionSet.rawValue, available: InstructionSet.available.map(\.rawValue))
        }
        return Kernels(instructionSet: instructionSet, table: table)
    }

    package var laneWidth: Int { Int(table.pointee.lane_width) }
    package var maxVectors: Int { Int(table.pointee.max_vectors) }
    package var tileRows: Int { Int(table.pointee.tile_rows) }
    /// The number of lanes of the widest panel.
    package var panelWidth: Int { laneWidth * maxVectors }
}
