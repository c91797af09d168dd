import Foundation

/// Whole contents through file descriptors, with the system's own reason where that fails.
enum FileBytes {
    struct SystemError: Error, CustomStringConvertible {
        let number: Int32

        var description: String { String(cString: strerror(number)) }
    }

    /// All that can be read from `descriptor`.
    static func read(from descriptor: Int32) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError(number: errno) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                // macOS refuses to write 2 GiB or more at once.
                Foundation.write(descriptor, buffer.baseAddress! + done, min(buffer.count - done, 1 << 26))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError(number: errno) }
            done += count
        }
    }
}
