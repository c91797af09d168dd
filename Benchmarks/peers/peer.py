"""The loop that every peer runs: one JSON object a line in, one out.

A peer is started once and timed in turns with swift-attention, so that both run on the same machine in the same
minute. A peer that waits blocks in a read and takes no time. After work, the threads of PyTorch's OpenMP (libgomp)
spin for some milliseconds before they sleep. This is PyTorch's fastest setting, so it is kept. The answer is held
back for `SETTLE` seconds, which the reported time does not include, so that the spinning does not slow the other
side down.
"""

import json
import sys
import time
from collections.abc import Callable

SETTLE = 0.05


def serve(operations: dict[str, Callable[[dict], dict]]) -> None:
    """Answers requests until {"op": "quit"} or the end of the input; errors go back as {"error": …}."""
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            if request["op"] == "quit":
                return
            answer = operations[request["op"]](request)
        except Exception as error:  # the benchmark reports it
            answer = {"error": f"{type(error).__name__}: {error}"}
        time.sleep(SETTLE)
        print(json.dumps(answer), flush=True)


def timed(work: Callable[[], object], repeats: int):
    """Seconds of each call, and what the last one gave."""
    seconds, result = [], None
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return seconds, result
