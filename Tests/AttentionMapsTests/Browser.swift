import AttentionMaps
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

    /// Opens pages, each in a frame of its own, lets each visit's script drive its page, and returns the
    /// scripts' results. The browser is started once: starting it takes longer than all pages together.
    static func run(_ visits: [PageVisit]) throws -> BrowserResults {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for visit in visits {
            try Data(visit.html.utf8).write(to: folder.appendingPathComponent("\(visit.name).html"))
        }
        let list = String(decoding: try JSONEncoder().encode(visits), as: UTF8.self)
        let harness = folder.appendingPathComponent("harness.html")
        try Data(harnessStart.appending(list.replacing("<", with: "\\u003c")).appending(harnessEnd).utf8)
            .write(to: harness)
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
            "--allow-file-access-from-files", "--user-data-dir=\(folder.path)/profile",
            "--enable-logging=stderr", "--v=0", "--virtual-time-budget=100000", "--dump-dom",
            harness.absoluteString,
        ]
        let (document, console) = try run(arguments, outputs: folder)
        guard let match = document.firstMatch(of: /<pre id="results">([A-Za-z0-9+\/=]+)<\/pre>/),
            let json = Data(base64Encoded: String(match.output.1)),
            let results = try JSONSerialization.jsonObject(with: json) as? [String: [String: Any]]
        else { throw Failure(description: "the pages gave no results: \(console)") }
        return BrowserResults(
            pages: try results.mapValues { try JSONSerialization.data(withJSONObject: $0) }, console: console)
    }

    private static let harnessStart = """
        <!doctype html><meta charset="utf-8"><pre id="results"></pre>
        <script>
        const visits =
        """

    private static let harnessEnd = """
        ;
        const pause = time => new Promise(done => setTimeout(done, time));
        async function open(visit) {
          const frame = document.createElement('iframe');
          frame.style.cssText = `border: 0; width: ${visit.width}px; height: ${visit.height}px`;
          frame.src = visit.name + '.html' + visit.fragment;
          const loaded = new Promise(done => frame.addEventListener('load', done));
          document.body.append(frame);
          await loaded;
          const page = frame.contentWindow, at = id => page.document.getElementById(id);
          const text = id => at(id).textContent.replace(/\\s+/g, ' ').trim();
          const chips = id => [...at(id).children].map(chip => chip.lastChild.textContent);
          const box = id => { const { top, bottom, left, right } = at(id).getBoundingClientRect();
            return { top, bottom, left, right }; };
          const press = (target, key) => target.dispatchEvent(
            new page.KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
          const values = {};
          const script = new Function('page', 'at', 'text', 'chips', 'box', 'press', 'pause', 'values',
            `return (async () => { ${visit.script} })()`);
          await script(page, at, text, chips, box, press, pause, values);
          const result = { ...page.document.documentElement.dataset, ...values,
            scripts: page.document.scripts.length };
          frame.remove();
          return result;
        }
        (async () => {
          const results = {};
          for (const visit of visits) {
            try { results[visit.name] = await open(visit); }
            catch (error) { results[visit.name] = { failure: String(error.stack) }; }
          }
          const bytes = new TextEncoder().encode(JSON.stringify(results));
          document.getElementById('results').textContent =
            btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
        })();
        </script>
        """

    private static func run(_ arguments: [String], outputs: URL) throws -> (String, String) {
        guard let path else { throw Failure(description: "there is no Chromium") }
        // Files rather than pipes: a full pipe would stop the browser.
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
        let deadline = Date().addingTimeInterval(90)
        while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
        if process.isRunning {
            process.terminate()
            throw Failure(description: "Chromium did not finish within 90 seconds")
        }
        for handle in handles { try handle.close() }
        let texts = try names.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        let console = texts[1].split(separator: "\n").filter { $0.contains("CONSOLE") }
        return (texts[0], console.joined(separator: "\n"))
    }
}

/// A page that is opened in a window of some size and driven by a script.
///
/// The script fills `values`; it may use `page` (the window), `at(id)`, `text(id)`, `chips(id)`, `box(id)`,
/// `press(element, key)` and `await pause(milliseconds)`.
struct PageVisit: Encodable {
    let name: String
    let html: String
    var fragment = ""
    var width = 1280
    var height = 800
    var script = ""

    private enum CodingKeys: CodingKey { case name, fragment, width, height, script }
}

/// The results of all visits, and the lines that went to the console.
struct BrowserResults: Sendable {
    let pages: [String: Data]
    let console: String
}

/// The results of one visit: the values of its script and the data attributes of its root element.
struct PageResult {
    private let values: [String: Any]

    init(_ data: Data) throws {
        values = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    /// An error that the page or the script reports.
    var error: String? { values["error"] as? String ?? values["failure"] as? String }
    func text(_ name: String) -> String? { values[name] as? String }
    func texts(_ name: String) -> [String]? { values[name] as? [String] }
    func number(_ name: String) -> Double? { (values[name] as? NSNumber)?.doubleValue }
    func isTrue(_ name: String) -> Bool { values[name] as? Bool == true }
}
