"""Timing: contestants take turns, so that what disturbs the machine disturbs them all alike."""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeVar

_SAMPLE_SECONDS = 0.002  # the length of one sample: many clock ticks, less than a time slice
_REST_SECONDS = 0.005  # between two looks at what the threads of the one before still do
_MOST_RESTS = 40
_AT_REST = 0.2  # of the time: less than that is what looking takes
_LONG = 0.1  # seconds: such a call brings its data into the caches and out again
_FEWEST = 3
T = TypeVar("T")
Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some samples and the quartiles about it."""

    low: float
    median: float
    high: float


def spread(samples: list[float]) -> Spread:
    """Return the quartiles of at least one sample."""
    if len(samples) < 2:
        return Spread(samples[0], samples[0], samples[0])
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return Spread(low, median(samples), high)


def ratios(numerators: list[float], denominators: list[float]) -> list[float]:
    """Return the ratios of samples that were taken in the same rounds."""
    return [a / b for a, b in zip(numerators, denominators, strict=True)]


def seconds(call: Call, repeats: int = 1) -> float:
    """Return the mean duration of a call."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def timed(call: Callable[[], T]) -> tuple[float, T]:
    """Return the duration of one call, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def repeats_of(call: Call) -> tuple[int, float]:
    """Return how many calls fill a sample and how long that takes; the first call of all is not looked at."""
    call()
    repeats = 1
    while (taken := seconds(call, repeats) * repeats) < _SAMPLE_SECONDS / 2:
        repeats *= 2
    count = max(1, round(repeats * _SAMPLE_SECONDS / taken))
    return count, taken / repeats * count


def interleaved(calls: Mapping[str, Call], rounds: int, budget: float = math.inf) -> dict[str, list[float]]:
    """Return seconds a call, one sample of each contestant in every round.

    Each round has an order of its own, so that nobody always follows the same one, and each sample follows
    an untimed call that brings the contestant's data back into the caches, unless calls are long. There are
    fewer rounds, but three, where they would take more seconds than the budget.
    """
    shuffle = random.Random(0).shuffle
    sizes = {name: repeats_of(call) for name, call in calls.items()}
    of_a_round = sum(_REST_SECONDS + 2.0 * taken for _, taken in sizes.values())
    rounds = int(min(rounds, max(_FEWEST, budget / of_a_round)))
    samples: dict[str, list[float]] = {name: [] for name in calls}
    order = list(calls)
    with _without_collection():
        for _ in range(rounds):
            gc.collect()
            shuffle(order)
            for name in order:
                rest()
                if sizes[name][1] < _LONG:
                    calls[name]()
                samples[name].append(seconds(calls[name], sizes[name][0]))
    return samples


def rest() -> None:
    """Wait until no thread of this process works any more, for at most 0.2 seconds.

    Threads of a pool spin for a while when they are out of work: OpenBLAS's for 2**26 ticks of the clock.
    """
    for _ in range(_MOST_RESTS):
        before = time.process_time()
        time.sleep(_REST_SECONDS)
        if time.process_time() - before < _AT_REST * _REST_SECONDS:
            break


@contextmanager
def _without_collection() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
