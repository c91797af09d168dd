extension Duration {
    /// How long work may take on a slow machine. A debug build, which is not what anybody waits for, gets ten
    /// times as long.
    public static func limit(seconds: Int) -> Duration {
        #if DEBUG
            .seconds(10 * seconds)
        #else
            .seconds(seconds)
        #endif
    }
}
