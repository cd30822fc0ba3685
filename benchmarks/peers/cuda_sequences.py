"""Training steps of Long Range Arena in PyTorch on a GPU, as the Skyformer repository has them: one line of JSON a cell.

    python3 cuda_sequences.py [--tasks listops text] [--mechanisms softmax pola] [--precisions amp float32] [--seconds 60]

A step is forward, cross-entropy, backward, clipping by value and AdamW over a whole batch of full length without padding. `amp` is that
repository's: float16 with scaled losses outside of attention, attention in float32. Cells that do not fit in the time are left out.
"""
import argparse
import json
import time

import torch

from cuda_timing import DEVICE, device_name, forget_peak, latency, peak_mebibytes
from torch_sequences import MECHANISMS, SequenceClassifier

# Batch, tokens of a row, kinds of token, classes, two documents.
TASKS = {
    "image": (256, 1024, 256, 10, False), "pathfinder": (128, 1024, 512, 2, False), "listops": (32, 2048, 32, 10, False),
    "text": (32, 4096, 512, 2, False), "retrieval": (16, 4096, 512, 2, True),
}


def step_of(task, mechanism, precision, rows=None):
    batch, length, kinds, classes, dual = TASKS[task]
    batch = rows or batch
    torch.manual_seed(0)
    model = SequenceClassifier(MECHANISMS[mechanism], kinds, length, classes, dual).to(DEVICE).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, eps=1e-6, weight_decay=0)
    is_mixed = precision == "amp" and DEVICE == "cuda"
    scaler = (torch.amp if hasattr(torch.amp, "GradScaler") else torch.cuda.amp).GradScaler(enabled=is_mixed)
    tokens = torch.randint(1, min(kinds, 257), (batch, 2, length) if dual else (batch, length), device=DEVICE)
    labels = torch.arange(batch, device=DEVICE) % classes

    def step():
        optimizer.zero_grad()
        with torch.autocast(DEVICE, torch.float16 if DEVICE == "cuda" else torch.bfloat16, enabled=is_mixed):
            logits = model(tokens)
        scaler.scale(torch.nn.functional.cross_entropy(logits.float(), labels)).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_value_(model.parameters(), 1)
        scaler.step(optimizer)
        scaler.update()

    return step, batch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--mechanisms", nargs="+", default=list(MECHANISMS), choices=MECHANISMS)
    parser.add_argument("--precisions", nargs="+", default=["amp", "float32"], choices=["amp", "float32"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", type=int, help="rows of a batch instead of the task's")
    options = parser.parse_args()
    print(device_name(), "torch", torch.__version__, flush=True)
    began = time.time()
    for mechanism in options.mechanisms:
        for precision in options.precisions:
            for task in options.tasks:
                if time.time() - began > options.seconds:
                    return
                result = {"peer": "PyTorch", "task": task, "mechanism": mechanism, "precision": precision, "ms": None}
                step = None
                forget_peak()
                try:
                    step, batch = step_of(task, mechanism, precision, options.rows)
                    ms = latency(step)
                    result |= {"ms": round(ms, 3), "rows_per_second": round(1000 * batch / ms, 2), "peak_mib": peak_mebibytes()}
                except (torch.cuda.OutOfMemoryError, RuntimeError) as error:
                    result["problem"] = str(error).splitlines()[0][:160]
                print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
