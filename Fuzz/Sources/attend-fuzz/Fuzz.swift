import Foundation

/// A reader of untrusted input.
///
/// `read` returns for valid input and throws for any other. Everything else is a find: a trap, a wrong memory
/// access, an error of a type that is not in `errors`, more than a few seconds or more than a few hundred
/// megabytes (`run.sh` sets the limits).
struct Reader: Sendable {
    let name: String
    /// The types of errors that the reader documents.
    let errors: [any Error.Type]
    let read: @Sendable ([UInt8]) throws -> Void

    func feed(_ bytes: [UInt8]) {
        do {
            try read(bytes)
        } catch {
            guard errors.contains(where: { $0 == type(of: error) }) else {
                fatalError("\(name): an unexpected \(type(of: error)): \(error)")
            }
            // A description must not trap either, whatever text the file holds.
            _ = String(describing: error)
        }
    }
}

/// Every reader; `FUZZ_READER` chooses one by its name.
private let readers: [Reader] = [.safetensors, .gguf, .tokenizer, .vocabulary, .template, .grammar, .schema]

private let chosen: Reader = {
    let name = ProcessInfo.processInfo.environment["FUZZ_READER"] ?? ""
    guard let reader = readers.first(where: { $0.name == name }) else {
        print("FUZZ_READER is '\(name)'; expected one of \(readers.map(\.name).joined(separator: ", "))")
        exit(64)
    }
    return reader
}()

/// The function that libFuzzer calls with one input after another.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    chosen.feed(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
