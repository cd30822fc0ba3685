"""Measures PyTorch and prints one line of JSON.

    python3 peer_torch.py infer MODEL [--batch 1]       median_ms, peak_rss_bytes
    python3 peer_torch.py train MODEL [--batch 8]       the same for forward, backward and AdamW
    python3 peer_torch.py attention KIND [--heads 1] [--dim 64] [--tokens 196 784 …]
    python3 peer_torch.py sequence KIND [--batch 1] [--tokens 2048] [--filled 1]      as train, of the Long Range Arena network

KIND of attention is polarity, polarity++ or softmax: queries, keys and values given, output asked. KIND of a
sequence is one of torch_sequences.py, softmax or pola; its step is that of the Skyformer repository (forward, backward, clipping by
value, AdamW), and all but a share of each row is padding.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

PARSER = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
PARSER.add_argument("what", choices=["infer", "train", "attention", "sequence"])
PARSER.add_argument("subject", help="a model, or a kind of attention")
PARSER.add_argument("--batch", type=int, default=1)
PARSER.add_argument("--threads", type=int, default=os.cpu_count())
PARSER.add_argument("--seconds", type=float, default=3)
PARSER.add_argument("--checkpoint", help=".pth file, loaded strictly")
PARSER.add_argument("--heads", type=int, default=1)
PARSER.add_argument("--dim", type=int, default=64, help="channels of a head")
PARSER.add_argument("--tokens", type=int, nargs="+", default=[196, 784, 3136, 12544])
PARSER.add_argument("--filled", type=float, default=1, help="share of a row that is no padding")
OPTIONS = PARSER.parse_args()
os.environ["OMP_NUM_THREADS"] = str(OPTIONS.threads)  # read when torch is loaded

try:
    import torch
    import torch_models
    import torch_sequences
except ImportError as error:
    sys.exit(f"PyTorch is missing: {error}")


def sample(run, seconds):
    """Milliseconds of each run, after a warm-up of a third of the time; at least three runs."""
    start = time.perf_counter()
    run()
    while time.perf_counter() - start < seconds / 3:
        run()
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        run()
        times.append((time.perf_counter() - before) * 1000)
    return times


def status_bytes(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(field + ":"))


def extra_bytes(run):
    """Growth of the resident memory while running once, result included."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # starts a new high-water mark
    before = status_bytes("VmRSS")
    run()
    return status_bytes("VmHWM") - before


def load():
    if OPTIONS.subject not in torch_models.MODELS:
        sys.exit(f"There is no PyTorch model '{OPTIONS.subject}'; there are {', '.join(torch_models.MODELS)}.")
    model = torch_models.MODELS[OPTIONS.subject]()
    if OPTIONS.checkpoint:
        state = torch.load(OPTIONS.checkpoint, map_location="cpu")
        model.load_state_dict(state.get("model", state), strict=True)
    return model


def infer():
    model, images = load().eval(), torch.rand(OPTIONS.batch, 3, 224, 224)
    with torch.inference_mode():
        return sample(lambda: model(images), OPTIONS.seconds)


def train():
    model = load().train()
    images, labels = torch.rand(OPTIONS.batch, 3, 224, 224), torch.arange(OPTIONS.batch)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.05)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return sample(step, OPTIONS.seconds)


def sequence():
    tokens, kinds = OPTIONS.tokens[0], 512
    model = torch_sequences.SequenceClassifier(torch_sequences.MECHANISMS[OPTIONS.subject], kinds, tokens, 2).train()
    ids, labels = torch.randint(1, 257, (OPTIONS.batch, tokens)), torch.arange(OPTIONS.batch) % 2
    ids[:, round(OPTIONS.filled * tokens):] = 0
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, eps=1e-6, weight_decay=0)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(ids), labels).backward()
        torch.nn.utils.clip_grad_value_(model.parameters(), 1)
        optimizer.step()

    return sample(step, OPTIONS.seconds)


def attention_of(kind, heads, dim, tokens):
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, heads, tokens, dim) for _ in range(3))
    if kind == "polarity":
        exponent = torch.full((1, heads, 1, dim), 3.0)
        return lambda: torch_models.polarity(q, k, v, exponent)
    if kind == "polarity++":
        s, angle = torch.zeros(1, heads, 1, 2 * dim), torch.rand(tokens, 2 * dim)
        sin, cos = angle.sin(), angle.cos()
        return lambda: torch_models.polarity_plus_plus(q, k, v, s, s, sin, cos)
    if kind == "softmax":
        return lambda: (q * dim ** -0.5 @ k.transpose(2, 3)).softmax(-1) @ v
    sys.exit(f"There is no attention '{kind}'; there are polarity, polarity++ and softmax.")


def attention():
    rows = []
    with torch.inference_mode():
        for tokens in OPTIONS.tokens:
            # The scores of softmax attention are tokens² floats, and there are three copies of them.
            if OPTIONS.subject == "softmax" and 12 * OPTIONS.heads * tokens ** 2 > 6e9:
                continue
            run = attention_of(OPTIONS.subject, OPTIONS.heads, OPTIONS.dim, tokens)
            extra = extra_bytes(run)
            rows.append({"tokens": tokens, "median_ms": statistics.median(sample(run, OPTIONS.seconds)), "extra_bytes": extra})
    return rows


def main():
    torch.set_num_threads(OPTIONS.threads)
    result = {"peer": f"PyTorch {torch.__version__}", "threads": OPTIONS.threads}
    if OPTIONS.what == "attention":
        result["attention"] = attention()
    else:
        times = {"infer": infer, "train": train, "sequence": sequence}[OPTIONS.what]()
        result["median_ms"] = statistics.median(times)
        result["peak_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
