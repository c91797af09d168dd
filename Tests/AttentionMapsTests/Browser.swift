import Foundation

/// Chromium without a window, if the machine has it: from `CHROME`, or by its usual names on `PATH`.
enum Browser {
    static let path: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let chosen = environment["CHROME"] { return chosen }
        let folders = environment["PATH", default: ""].split(separator: ":").map(String.init)
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
        let usual = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]
        return (folders.flatMap { folder in names.map { folder + "/" + $0 } } + usual)
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Opens a page and returns its elements after its script has run, and what went to the console.
    static func open(_ html: String, fragment: String) throws -> (document: String, console: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let page = folder.appendingPathComponent("page.html")
        try Data(html.utf8).write(to: page)
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
            "--user-data-dir=\(folder.path)/profile", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=4000", "--dump-dom", page.absoluteString + fragment,
        ]
        return try run(arguments, outputs: folder)
    }

    private static func run(_ arguments: [String], outputs: URL) throws -> (String, String) {
        guard let path else { throw Failure(description: "there is no Chromium") }
        // Files rather than pipes: a full pipe would stop the browser while nobody reads.
        let names = ["out", "err"].map { outputs.appendingPathComponent($0) }
        for name in names { try Data().write(to: name) }
        let handles = try names.map { try FileHandle(forWritingTo: $0) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        try process.run()
        let deadline = Date().addingTimeInterval(60)
        while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
        if process.isRunning {
            process.terminate()
            throw Failure(description: "Chromium did not finish within 60 seconds")
        }
        for handle in handles { try handle.close() }
        let texts = try names.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        let console = texts[1].split(separator: "\n").filter { $0.contains("CONSOLE") }
        return (texts[0], console.joined(separator: "\n"))
    }
}
