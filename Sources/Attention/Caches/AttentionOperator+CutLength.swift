extension AttentionOperator {
    /// The positions at whose multiples a prompt may be cut into pieces that are read one after the other: it
    /// has the same bits with any such cuts, and with none.
    ///
    /// A longer run goes through tiles, and up to eight queries go through the schedule of a decoder's step,
    /// whose bits differ. So the queries behind a run's last multiple of this length, if there are at most
    /// eight, always take that schedule, whether they are read by themselves or together with others.
    public static let cutLength = 64
}
