/// Why a template cannot be read or rendered, before it is known where in the text that is.
struct JinjaFault: Error {
    enum Kind {
        /// The template is not well-formed.
        case syntax
        /// The template uses what is not implemented.
        case unsupported
        /// The template itself refuses what it was given, by `raise_exception`.
        case raised
        /// The template does what its language does not allow, such as adding a number to a text.
        case failed
        /// A budget is used up.
        case tooCostly
    }

    let kind: Kind
    let reason: String
    /// The place in the template's scalars; nil: where the renderer stands.
    var position: Int?

    init(_ kind: Kind, _ reason: String, at position: Int? = nil) {
        (self.kind, self.reason, self.position) = (kind, reason, position)
    }

    static func failed(_ reason: String) -> JinjaFault { JinjaFault(.failed, reason) }
    static func unsupported(_ reason: String) -> JinjaFault { JinjaFault(.unsupported, reason) }
}
