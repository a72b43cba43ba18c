"""Times taken in turns: ours, theirs, ours, theirs, so that a change of the machine's mood meets both."""
import gc
import statistics
import time


def _seconds(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def in_turns(calls, plan, counts=None):
    """Median milliseconds of one call, for each of `calls`.

    A turn is a block of calls that fills plan.block seconds, or `counts` calls where given. There are plan.turns of them,
    fewer (never under two) where all together would run past plan.budget seconds.
    """
    blocks, round_seconds = [], 0.0
    for number, call in enumerate(calls):
        call()
        one = max(_seconds(call, 1), 1e-7)
        blocks.append(counts[number] if counts else max(1, int(plan.block / one)))
        round_seconds += one * blocks[-1]
    turns = max(2, min(plan.turns, int(plan.budget / round_seconds)))
    times = [[] for _ in calls]
    gc.collect()
    gc.disable()
    try:
        for _ in range(turns):
            for number, call in enumerate(calls):
                # Threads of the library whose turn it was may still spin for some milliseconds.
                time.sleep(plan.rest)
                if blocks[number] > 1 and not counts:
                    call()
                times[number].append(_seconds(call, blocks[number]))
    finally:
        gc.enable()
    return [1e3 * statistics.median(each) for each in times]


class Plan:
    """How long to measure. quick: the main rows only."""

    def __init__(self, threads, quick, smoke=False):
        self.threads, self.quick = threads, quick
        self.turns, self.block, self.budget = (3, 0.03, 4) if quick else (7, 0.1, 20)
        self.rest = 0.03
        if smoke:
            self.turns, self.block, self.budget, self.rest = 2, 0, 0, 0
