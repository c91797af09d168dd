import AttentionJSON

// Unicode's four normalisation forms (Unicode Standard Annex 15).

/// Canonical decomposition.
package struct NFD: TextNormalizer {
    package static let type = "NFD"

    package init() {}
    package init(reading value: JSONValue) {}

    package func normalize(_ text: inout AlignedText) {
        guard text.contains(where: { $0.scalar.has(.normalizes) }) else { return }
        text.replace(with: Decomposition.canonical.changes(for: text))
    }
}

/// Compatibility decomposition.
package struct NFKD: TextNormalizer {
    package static let type = "NFKD"

    package init(reading value: JSONValue) {}

    package func normalize(_ text: inout AlignedText) {
        guard text.contains(where: { $0.scalar.has(.normalizes) }) else { return }
        text.replace(with: Decomposition.compatible.changes(for: text))
    }
}

/// Canonical decomposition, then composition.
package struct NFC: TextNormalizer {
    package static let type = "NFC"

    package init() {}
    package init(reading value: JSONValue) {}

    package func normalize(_ text: inout AlignedText) {
        // Below U+0300 stand neither marks nor anything that composition would put together otherwise.
        guard text.contains(where: { $0.scalar.value >= 0x300 }) else { return }
        text.replace(with: Composition.shared.compose(Decomposition.canonical.changes(for: text)))
    }
}

/// Compatibility decomposition, then canonical composition.
package struct NFKC: TextNormalizer {
    package static let type = "NFKC"

    package init(reading value: JSONValue) {}

    package func normalize(_ text: inout AlignedText) {
        guard text.contains(where: { !$0.scalar.isASCII }) else { return }
        text.replace(with: Composition.shared.compose(Decomposition.compatible.changes(for: text)))
    }
}
