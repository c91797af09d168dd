"""The loop that every peer runs: one JSON object a line in, one out.

A peer is started once and timed in turns with our own program, so that both meet the same machine in the same
minute. While it waits it blocks in a read and costs nothing. After work, the threads of PyTorch's OpenMP (libgomp)
spin for some milliseconds before they sleep: that is PyTorch's fastest setting, so it stays, but the answer is
held back for `SETTLE` seconds (outside the time that is reported), so that the spinning takes nothing from whoever
runs next.
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
        except Exception as error:  # the other side decides what to do about it
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
