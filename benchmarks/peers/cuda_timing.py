"""Median times of work on the GPU. Where there is none the processor runs it, to try the scripts."""
import statistics
import time

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WARM, REPEAT = 5, 21


def median(work, repeat=REPEAT):
    """Milliseconds on the GPU by events, run after run without waiting, after some that do not count."""
    for _ in range(WARM):
        work()
    marks = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeat)]
    for start, end in marks:
        start.record()
        work()
        end.record()
    torch.cuda.synchronize()
    return statistics.median(start.elapsed_time(end) for start, end in marks)


def latency(work, repeat=REPEAT):
    """Milliseconds from the call to the end of the work, which is waited for; what the processor does counts, too."""
    for _ in range(WARM):
        work()
    times = []
    for _ in range(repeat):
        synchronize()
        start = time.perf_counter()
        work()
        synchronize()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def synchronize():
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def forget_peak():
    """Gives cached memory back and begins a new peak."""
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_mebibytes():
    """Most memory of tensors since the last call of forget_peak."""
    return round(torch.cuda.max_memory_allocated() / 2 ** 20) if DEVICE == "cuda" else None


def device_name():
    return torch.cuda.get_device_name() if DEVICE == "cuda" else "cpu"
