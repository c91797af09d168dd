/// What a model file says about itself, by key: the metadata of a GGUF file.
///
/// An absent key is nil; one of another type throws.
public protocol ModelMetadata {
    /// What an error calls the file.
    var label: String { get }
    func string(_ key: String) throws -> String?
    func integer(_ key: String) throws -> Int?
    func double(_ key: String) throws -> Double?
    func bool(_ key: String) throws -> Bool?
    /// The number of entries of an array.
    func count(_ key: String) throws -> Int?
}
