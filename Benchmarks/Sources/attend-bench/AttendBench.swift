import ArgumentParser

@main
struct AttendBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attend-bench",
        abstract: "Measures beside peers, taking turns in one run.",
        subcommands: [
            AttentionBenchmark.self,
            ProductBenchmark.self,
            MaskBenchmark.self,
            EmbeddingBenchmark.self,
            PoolBenchmark.self,
            DecodeBenchmark.self,
            GradientBenchmark.self,
            SummaryBenchmark.self,
            BackwardBenchmark.self,
            SamplingBenchmark.self,
            GrammarBenchmark.self,
            LlamaBenchmark.self,
            LlamaOnce.self,
            SchedulerBenchmark.self,
        ])
}
