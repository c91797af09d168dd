import AttentionJSON
import Foundation

/// The variables of the environment.
enum Environment {
    static func value(_ name: String) -> ExactString? {
        getenv(name).map { ExactString(String(cString: $0)) }
    }
}
