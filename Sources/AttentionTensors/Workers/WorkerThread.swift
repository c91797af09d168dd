#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension WorkerCrew {
    /// The argument of a new thread.
    private final class Start {
        let worker: Int
        let crew: WorkerCrew

        init(worker: Int, crew: WorkerCrew) {
            self.worker = worker
            self.crew = crew
        }
    }

    #if canImport(Darwin)
        private typealias ThreadHandle = pthread_t?
    #else
        private typealias ThreadHandle = pthread_t
    #endif

    /// Starts all threads but the callers'.
    func startThreads() {
        guard threadCount > 1 else { return }
        // The program's signals are for the program's own threads.
        var (all, before) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        for worker in 1..<threadCount { startThread(worker) }
    }

    private func startThread(_ worker: Int) {
        let start = Unmanaged.passRetained(Start(worker: worker, crew: self))
        let handle = UnsafeMutablePointer<ThreadHandle>.allocate(capacity: 1)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // Some systems give 128 KiB, too little for what an item may call.
        #if DEBUG
            // Without optimisation a C kernel's frame alone takes up to 420 KiB.
            pthread_attr_setstacksize(&attributes, 4 << 20)
        #else
            pthread_attr_setstacksize(&attributes, 1 << 20)
        #endif
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        #if canImport(Darwin)
            pthread_attr_set_qos_class_np(&attributes, QOS_CLASS_USER_INITIATED, 0)
        #endif
        defer {
            pthread_attr_destroy(&attributes)
            handle.deallocate()
        }
        if pthread_create(handle, &attributes, workerEntry, start.toOpaque()) != 0 {
            start.release()  // a system without room for another thread still computes, on fewer
        }
    }

    fileprivate static func serve(_ argument: UnsafeMutableRawPointer) {
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.crew.serve(as: start.worker)
    }
}

#if canImport(Darwin)
    private func workerEntry(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        WorkerCrew.serve(argument)
        return nil
    }
#else
    private func workerEntry(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { WorkerCrew.serve(argument) }
        return nil
    }
#endif
