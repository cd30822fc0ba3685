"""Training and inference of whole networks in PyTorch on a GPU, at 224²: one line of JSON a case.

    python3 cuda_networks.py [--models pola_pvt_tiny polaformer_pp_b2] [--batch 128] [--prepare 120]

Training is forward, cross-entropy of smoothed labels, backward and AdamW; bf16 is automatic mixed precision. Each compiled case has a
process of its own. They compile beside each other, within the seconds of --prepare, and are measured one after another when all are
ready; ms is null for what was not.
"""
import argparse
import json
import multiprocessing
import os
import time


def cases(models, batch):
    """Cases of each process: every compiled one by itself, and the eager ones of all networks in one, bf16 first."""
    eager, compiled = [], []
    for precision in ("bf16", "float32"):
        for model in models:
            eager += [(model, "train", batch, precision, "eager"), (model, "infer", batch, precision, "eager")]
            compiled.append((model, "infer", 1, precision, "reduce-overhead"))
            if precision == "bf16":
                eager.append((model, "infer", 1, precision, "eager"))
                compiled += [(model, "train", batch, precision, "compile"), (model, "infer", batch, precision, "compile")]
    return [[case] for case in compiled] + [eager]


def prepare(case):
    """The case's work, compiled and run."""
    import torch
    from cuda_timing import DEVICE, synchronize
    from torch_models import MODELS

    name, what, batch, precision, how = case
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    model = MODELS[name]().to(DEVICE)
    network = model if how == "eager" else torch.compile(model, mode=None if how == "compile" else how)
    images, labels = torch.rand(batch, 3, 224, 224, device=DEVICE), torch.arange(batch, device=DEVICE) % 1000

    def forward():
        with torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bf16"):
            return network(images)

    def infer():
        with torch.no_grad():
            forward()

    def train():
        optimizer.zero_grad()
        loss(forward(), labels).backward()
        optimizer.step()

    if what == "infer":
        model.eval()
        work = infer
    else:
        model.train()
        optimizer, loss = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.05), torch.nn.CrossEntropyLoss(label_smoothing=0.1)
        work = train
    for _ in range(3):
        work()
    synchronize()
    return work


def process(mine, pipe):
    """Makes the first case ready and says so; when it is its turn, measures all of its cases."""
    work, problem, began = None, None, time.time()
    # Training has several times the kernels of inference to compile.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "6" if mine[0][1] == "train" else "2")
    try:
        work = prepare(mine[0])
        from cuda_timing import forget_peak
        forget_peak()
    except Exception as error:
        problem = error
    pipe.send(round(time.time() - began))
    pipe.recv()
    for i, case in enumerate(mine):
        pipe.send(measure(case, work if i == 0 else None, problem if i == 0 else None))
        work = None


def measure(case, work, problem):
    from cuda_timing import forget_peak, latency, peak_mebibytes
    ms = peak = None
    try:
        if problem is not None:
            raise problem
        work = work or prepare(case)
        forget_peak()
        ms, peak = round(latency(work), 3), peak_mebibytes()
    except Exception as error:
        problem = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:160]}"
    return line(case, ms, peak, problem)


def line(case, ms, peak, problem):
    name, what, batch, precision, how = case
    result = {"peer": "PyTorch", "model": name, "what": what, "batch": batch, "precision": precision, "how": how, "ms": ms,
              "images_per_second": ms and round(1000 * batch / ms), "peak_mib": peak}
    return json.dumps(result if problem is None else {**result, "problem": problem})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["pola_pvt_tiny", "polaformer_pp_b2"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--prepare", type=float, default=120, help="seconds for compilation")
    parser.add_argument("--go", help="a file: measure when it is there, and compile till then")
    parser.add_argument("--measure", type=float, default=60, help="seconds for the measurements")
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    running = []
    for mine in cases(options.models, options.batch):
        here, there = context.Pipe()
        child = context.Process(target=process, args=(mine, there), daemon=False)
        child.start()
        running.append((mine, child, here))
    wait(running, time.time() + options.prepare, options.go)
    ready = []
    for mine, child, pipe in running:
        seconds = receive(pipe, 0)
        if seconds is None:
            print(line(mine[0], None, None, "not compiled in time"), flush=True)
            child.kill()
        else:
            ready.append((mine, child, pipe, seconds))
    deadline = time.time() + options.measure
    for mine, child, pipe, seconds in ready:
        for i, case in enumerate(mine):
            text = receive(pipe, deadline, "go" if i == 0 else None)
            print(text or line(case, None, None, "no result in time"), f"ready after {seconds} s" if case is mine[0] else "", flush=True)
            if text is None:
                child.kill()
                break
        child.join(5)
        child.kill()


def wait(running, deadline, go):
    """Until all are ready and the file is there, or the deadline; those that are late when the file comes have ten more seconds."""
    while time.time() < deadline and not (all(pipe.poll() for _, _, pipe in running) and (go is None or os.path.exists(go))):
        if go is not None and os.path.exists(go):
            deadline = min(deadline, time.time() + 10)
            go = None
        time.sleep(0.2)


def receive(pipe, deadline, message=None):
    """What comes through a pipe until the deadline, after a message; None if nothing does."""
    try:
        if message is not None:
            pipe.send(message)
        return pipe.recv() if pipe.poll(max(0, deadline - time.time())) else None
    except (EOFError, OSError):
        return None


if __name__ == "__main__":
    main()
