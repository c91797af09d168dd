/// The metadata of a model file by key, as in GGUF.
///
/// An absent key is nil; one of another type throws.
public protocol ModelMetadata {
    /// The file's name in errors.
    var label: String { get }
    /// A text.
    func string(_ key: String) throws -> String?
    /// A whole number.
    func integer(_ key: String) throws -> Int?
    /// A number.
    func double(_ key: String) throws -> Double?
    /// A truth value.
    func bool(_ key: String) throws -> Bool?
    /// The whole numbers of an array.
    func integers(_ key: String) throws -> [Int]?
    /// The number of entries of an array.
    func count(_ key: String) throws -> Int?
}
