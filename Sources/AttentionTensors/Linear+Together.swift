extension Linear {
    /// What each of several layers makes of the same input.
    ///
    /// Few rows read every weight once, and a join between layers leaves the memory idle. So the layers' pieces stand open
    /// side by side: a thread that has ended one layer goes on with the next. The bits are those of one after another.
    ///
    /// - Parameter x: `[…, inputs]`
    /// - Throws: ``TensorError/shapeMismatch(tensor:expected:found:)``.
    package static func outputs(of layers: [Linear], _ x: Tensor) throws(TensorError) -> [Tensor] {
        let pool = WorkerPool.current
        let elements = layers.reduce(0) { $0 + $1.inputs * $1.outputs }
        guard pool.threadCount > 1, x.elementCount <= WeightMatrix.mostRowsOfStep * (x.shape.last ?? 1),
            !x.isWatched, !layers.contains(where: \.isWatched)
        else {
            var outputs: [Tensor] = []
            for layer in layers { outputs.append(try layer(x)) }
            return outputs
        }
        let results = pool.map(count: layers.count, work: .bytes(elements)) { index in
            // A worker has none of its caller's task-local values.
            WorkerPool.$current.withValue(pool) { () -> Result<Tensor, TensorError> in
                do throws(TensorError) { return .success(try layers[index](x)) } catch {
                    return .failure(error)
                }
            }
        }
        var outputs: [Tensor] = []
        for result in results { outputs.append(try result.get()) }
        return outputs
    }
}
