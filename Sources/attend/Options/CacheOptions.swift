import ArgumentParser
import Attention

/// How a language model keeps what it has read.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How the keys and values of tokens that were read are kept: f32, f16 or int8, which take 4, 2 and about "
                + "1 bytes a number.", valueName: "type"))
    var cache = CacheType.f32

    enum CacheType: String, ExpressibleByArgument, CaseIterable { case f32, f16, int8 }

    var storage: KeyValueStorage {
        switch cache {
        case .f32: .float32
        case .f16: .float16
        case .int8: .int8
        }
    }
}
