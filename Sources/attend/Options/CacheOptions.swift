import ArgumentParser
import Attention

/// The number type of the cache of a language model.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The number type of the cached keys and values: f32, f16 or int8, which take 4, 2 and about 1 "
                + "byte a number.", valueName: "type"))
    var cache = CacheType.f32

    enum CacheType: String, ChoiceArgument { case f32, f16, int8 }

    var storage: KeyValueStorage {
        switch cache {
        case .f32: .float32
        case .f16: .float16
        case .int8: .int8
        }
    }
}
