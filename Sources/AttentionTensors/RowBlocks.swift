/// Runs `body` over blocks of rows, on all threads where there is enough to share.
package func forEachRowBlock(rows: Int, width: Int, _ body: (_ row: Int, _ count: Int) -> Void) {
    let each = max(16_384 / max(width, 1), 1)  // about 64 KiB, a few microseconds
    WorkerPool.current.run(count: (rows + each - 1) / each, work: .bytes(8 * rows * width)) { block, _ in
        body(block * each, min(each, rows - block * each))
    }
}
