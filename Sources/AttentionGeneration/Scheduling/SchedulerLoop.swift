import AttentionTensors
import Foundation
import Synchronization

/// The thread of a ``Scheduler``: admits texts, lets the model take steps, and hands over results.
final class SchedulerLoop<Model: StepModel>: Sendable {
    private let model: Model
    private let options: SchedulerOptions
    private let promptTokens: Int
    private let inbox = Mutex(Inbox())
    /// Counts the changes of the inbox that the thread has not seen.
    private let changes = DispatchSemaphore(value: 0)

    /// The changes since the last step.
    private struct Inbox {
        var submitted: [(id: Int, work: any ScheduledWork<Model>)] = []
        var cancelled: Set<Int> = []
        var nextID = 0
        var isClosed = false
    }

    /// A text under way, or one that waits.
    private struct Seat {
        let id: Int
        /// The bytes that are kept free for it.
        let bytes: Int
        var work: any ScheduledWork<Model>
    }

    init(_ model: Model, _ options: SchedulerOptions) {
        self.model = model
        self.options = options
        // At least one piece of a prompt fits into a step.
        promptTokens = max(options.promptTokens ?? model.promptChunk, model.cutLength)
    }

    /// - Returns: What ``cancel(_:)`` calls it.
    func submit(_ work: any ScheduledWork<Model>) -> Int {
        let id = inbox.withLock { inbox in
            inbox.nextID += 1
            inbox.submitted.append((inbox.nextID, work))
            return inbox.nextID
        }
        changes.signal()
        return id
    }

    /// Ends a text before its next step; one that has ended already stays as it is.
    func cancel(_ id: Int) {
        _ = inbox.withLock { $0.cancelled.insert(id) }
        changes.signal()
    }

    /// Lets the thread end when all texts have.
    func close() {
        inbox.withLock { $0.isClosed = true }
        changes.signal()
    }

    /// Works until the scheduler is closed and all texts have ended.
    func run() {
        var running: [Seat] = []
        var waiting: [Seat] = []
        var turn = 0
        while true {
            let isClosed = empty(&running, &waiting)
            admit(&running, &waiting)
            if running.isEmpty {
                if isClosed { return }
                changes.wait()
            } else {
                turn += 1
                step(&running, turn)
            }
        }
    }

    /// Takes the inbox's changes: admits new texts to the queue, and removes those that were cancelled.
    ///
    /// - Returns: Whether nothing more will come.
    private func empty(_ running: inout [Seat], _ waiting: inout [Seat]) -> Bool {
        let (submitted, cancelled, isClosed) = inbox.withLock { inbox in
            defer { (inbox.submitted, inbox.cancelled) = ([], []) }
            return (inbox.submitted, inbox.cancelled, inbox.isClosed)
        }
        for (id, work) in submitted {
            let bytes = work.mostBytes
            if let limit = options.memoryLimit, bytes > limit {
                work.end(SchedulerError.neverFits(neededBytes: bytes, limit: limit))
            } else {
                waiting.append(Seat(id: id, bytes: bytes, work: work))
            }
        }
        guard !cancelled.isEmpty else { return isClosed }
        for seats in [running, waiting] {
            for seat in seats where cancelled.contains(seat.id) { seat.work.end(CancellationError()) }
        }
        running.removeAll { cancelled.contains($0.id) }
        waiting.removeAll { cancelled.contains($0.id) }
        return isClosed
    }

    /// Lets texts begin in the order in which they came, as many as there is room for.
    ///
    /// The memory that a text may need in the end is kept free for it from the beginning. Taking it as texts
    /// grow would fit more of them, but a text that finds none left would have to be read again later, and
    /// its generated tokens would not have the same bits when they are read as a prompt.
    private func admit(_ running: inout [Seat], _ waiting: inout [Seat]) {
        var used = running.reduce(0) { $0 + $1.bytes }
        var count = 0
        for seat in waiting {
            guard running.count < max(options.mostTexts, 1),
                options.memoryLimit.map({ seat.bytes <= $0 - used }) ?? true
            else { break }
            used += seat.bytes
            count += 1
            running.append(seat)
        }
        waiting.removeFirst(count)
    }

    /// - Parameter turn: Chooses the text that is asked first, so that a long prompt leaves tokens of the
    ///   step to the prompts beside it.
    private func step(_ running: inout [Seat], _ turn: Int) {
        var batch = StepBatch<Model>(promptTokens: promptTokens)
        var errors: [Int: any Error] = [:]
        var members: [Int] = []
        for place in running.indices {
            let index = (place + turn) % running.count
            guard !running[index].work.isFinished else { continue }
            do {
                if try batch.add(&running[index].work) { members.append(index) }
            } catch {
                errors[index] = error
            }
        }
        let result = Result { try batch.count > 0 ? batch.run(model) : nil }
        for (place, index) in members.enumerated() { batch.giveBack(place, to: &running[index].work) }
        switch result {
        case .success(let logits):
            let shares = logits.map { logits in members.indices.map { batch.logits($0, in: logits) } } ?? []
            batch = StepBatch(promptTokens: 0)
            for (index, share) in zip(members, shares) {
                do { try running[index].work.accept(share) } catch { errors[index] = error }
            }
        case .failure(let error) where members.count == 1: errors[members[0]] = error
        case .failure:
            // One of them is at fault: alone, the others go on.
            batch = StepBatch(promptTokens: 0)
            for index in members {
                do {
                    try running[index].work.step(model, promptTokens: promptTokens)
                } catch { errors[index] = error }
            }
        }
        deliver(&running, errors)
    }

    private func deliver(_ running: inout [Seat], _ errors: [Int: any Error]) {
        for index in running.indices {
            running[index].work.deliver()
            if let error = errors[index] {
                running[index].work.end(error)
            } else if running[index].work.isFinished {
                running[index].work.end(nil)
            }
        }
        var index = -1
        running.removeAll {
            index += 1
            return errors[index] != nil || $0.work.isFinished
        }
    }
}
