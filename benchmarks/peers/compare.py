#!/usr/bin/env python3
"""Measures PolaFormer for .NET, ONNX Runtime and PyTorch in turns and prints medians and ratios.

    compare.py [--models NAME …] [--batches 1 8]    inference
    compare.py --train [--models NAME …]            a training step: forward, backward, AdamW
    compare.py --attention [--heads 1] [--dim 64]   attention alone, by number of tokens
    compare.py --sequences [--filled 1]             a training step of Long Range Arena's network (without ONNX Runtime)

Each round runs every competitor once, in a process of its own, each round in another order. A time is the median of the
rounds' medians; a ratio is the median of the rounds' own ratios, which a machine that others use too disturbs less.
A competitor that is not installed is named and left out.

PyTorch gives every large result back to the system and takes fresh pages for the next, which costs it most of its time where
page faults are dear, as on virtual machines. So it runs with a heap that the C library keeps; --fresh-pages measures it without, too.
"""
import argparse
import filecmp
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OURS = "PolaFormer for .NET"
BENCHMARKS = os.path.join(ROOT, "benchmarks", "PolaFormer.Benchmarks")
ONNX_PEER = os.path.join(ROOT, "benchmarks", "PolaFormer.OnnxRuntimePeer")
KEPT_HEAP = ["env", "MALLOC_MMAP_THRESHOLD_=4000000000", "MALLOC_TRIM_THRESHOLD_=8000000000"]

# Kind, tokens, batch: ListOps and Text with as many rows as PyTorch has memory for where it holds the scores.
SEQUENCES = [("pola", 2048, 32), ("softmax", 2048, 8), ("pola", 4096, 32), ("softmax", 4096, 2)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--attention", action="store_true")
    parser.add_argument("--sequences", action="store_true")
    parser.add_argument("--models", nargs="+", metavar="NAME")
    parser.add_argument("--batches", nargs="+", type=int, metavar="B", help="1 and 8; 8 for --train")
    parser.add_argument("--threads", type=int, default=2, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="R")
    parser.add_argument("--seconds", type=float, default=2, metavar="S", help="measuring time of one competitor in one round")
    parser.add_argument("--heads", type=int, default=1, metavar="H")
    parser.add_argument("--dim", type=int, default=64, metavar="D", help="channels of a head")
    parser.add_argument("--tokens", type=int, nargs="+", default=[196, 784, 3136, 12544], metavar="N")
    parser.add_argument("--filled", type=float, default=1, metavar="SHARE", help="share of a sequence that is no padding")
    parser.add_argument("--onnx", metavar="FOLDER", help="measure the files NAME*.onnx of this folder instead of exporting them")
    parser.add_argument("--python", metavar="FILE", help="a Python that has torch")
    parser.add_argument("--fresh-pages", action="store_true", help="measure PyTorch also with a heap that gives memory back")
    parser.add_argument("--polaformer", default=os.path.join(ROOT, "polaformer"), metavar="FILE")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.models = options.models or ["pola_pvt_tiny", "polaformer_pp_b0"] + ([] if options.train else ["pola_swin_tiny", "polaformer_pp_b2"])
    options.batches = options.batches or ([8] if options.train else [1, 8])
    return options


def note(text):
    print(text, file=sys.stderr, flush=True)


def output_of(command):
    """What a command prints, or None and a note where it cannot run."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except OSError as error:
        note(f"{command[0]}: {error.strerror}")
        return None
    if done.returncode == 0:
        return done.stdout
    lines = done.stderr.strip().splitlines()
    note(f"{os.path.basename(str(command[0]))}: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return None


def find_python(options):
    """The first Python with torch; Debian's python3-torch belongs to /usr/bin/python3."""
    for candidate in [options.python] if options.python else ["python3", "/usr/bin/python3"]:
        try:
            if subprocess.run([candidate, "-c", "import torch"], capture_output=True).returncode == 0:
                return candidate
        except OSError:
            pass
    note("PyTorch is missing: install python3-torch, or name a Python that has it with --python.")
    return None


def onnx_files(options, model, folder):
    """The graphs of a model: those of the user's folder, or our own export in both forms of the power."""
    if options.onnx:
        # A name may be the beginning of another: pola_swin_small, pola_swin_small_384.
        pattern = re.compile(rf"(^|[^a-z0-9]){re.escape(model)}(?!_?\d)")
        return [os.path.join(options.onnx, name) for name in sorted(os.listdir(options.onnx)) if name.endswith(".onnx") and pattern.search(name)]
    files = []
    for power in ("exp-log", "pow"):
        path = os.path.join(folder, f"{model}_{power}.onnx")
        if os.path.exists(path) or output_of([options.polaformer, "export", "--onnx", path, "--model", model, "--random-weights", "--power", power]) is not None:
            files.append(path)
    # PolaFormer++ has no power: both forms are one.
    return files[:1] if len(files) == 2 and filecmp.cmp(*files, shallow=False) else files


def bench(options, *extra):
    return [options.polaformer, "bench", "--threads", options.threads, "--seconds", options.seconds, "--json", *extra]


def torch_peers(options, python, what, subject, *extra):
    """PyTorch by name of its heap; nothing where it is missing."""
    if not python:
        return {}
    command = [python, os.path.join(HERE, "peer_torch.py"), what, subject, "--threads", options.threads, "--seconds", options.seconds, *extra]
    return {"PyTorch": [*KEPT_HEAP, *command], **({"PyTorch, fresh pages": command} if options.fresh_pages else {})}


def processor():
    """The processor's name, for the caption of a table."""
    try:
        with open("/proc/cpuinfo") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    except OSError:
        return "unknown processor"


def model_competitors(options, python, sizes, model, batch, folder):
    """Names and commands of those that can run a model."""
    competitors = {OURS: bench(options, "--model", model, "--batch", batch, *(["--train"] if options.train else []))}
    if not options.train:
        for file in onnx_files(options, model, folder):
            label = os.path.basename(file)[:-5].split(model)[-1].strip("_-. ")
            competitors[f"ONNX Runtime {label}".strip()] = [
                "dotnet", os.path.join(ONNX_PEER, "bin", "Release", "net10.0", "PolaFormer.OnnxRuntimePeer.dll"), file,
                "--batch", batch, "--size", sizes[model], "--threads", options.threads, "--seconds", options.seconds]
    competitors.update(torch_peers(options, python, "train" if options.train else "infer", model, "--batch", batch))
    return competitors


def measure(competitors, rounds):
    """One list of results a competitor; competitors that fail are left out."""
    results = {name: [] for name in competitors}
    for turn in range(rounds):
        names = list(competitors)
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            printed = output_of(competitors[name])
            if printed is None:
                note(f"{name} is left out.")
                del competitors[name], results[name]
            else:
                results[name].append(json.loads(printed))
    return results


def row(keys, name, ours, theirs, memory):
    """One line of the table from the rounds of one competitor and ours."""
    line = {**keys, "name": name, "median_ms": statistics.median(entry["median_ms"] for entry in theirs), memory: statistics.median(entry[memory] for entry in theirs)}
    for field in ("times_limit", "managed_bytes_per_step", "os_bytes_per_step"):
        if field in theirs[0]:
            line[field] = statistics.median(entry[field] for entry in theirs)
    if ours is not theirs and ours:
        line["our_time_ratio"] = statistics.median(a["median_ms"] / b["median_ms"] for a, b in zip(ours, theirs))
        if line[memory] > 0:
            line["our_memory_ratio"] = statistics.median(entry[memory] for entry in ours) / line[memory]
    return line


def compare_models(options, python):
    printed = output_of([options.polaformer, "models", "--json"])
    sizes = {entry["name"]: entry["input_size"] for entry in json.loads(printed)} if printed else {}
    unknown = [model for model in options.models if model not in sizes]
    if unknown:
        sys.exit(f"Not registered: {', '.join(unknown)}." if sizes else "The command line does not run.")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            for batch in options.batches:
                note(f"{model}, batch {batch} …")
                results = measure(model_competitors(options, python, sizes, model, batch, folder), options.rounds)
                rows += [row({"model": model, "batch": batch}, name, results.get(OURS), entries, "peak_rss_bytes") for name, entries in results.items()]
    return rows


def compare_attention(options, python):
    shape = ["--heads", options.heads, "--dim", options.dim, "--tokens", *options.tokens]
    rows = []
    for kind in ("polarity", "polarity++", "softmax"):
        note(f"{kind} …")
        competitors = {OURS: bench(options, "--attention", kind, *shape), **torch_peers(options, python, "attention", kind, *shape)}
        results = {name: [entry["attention"] for entry in entries] for name, entries in measure(competitors, options.rounds).items()}
        for tokens in options.tokens:
            at = {name: [item for entry in entries for item in entry if item["tokens"] == tokens] for name, entries in results.items()}
            rows += [row({"kind": kind, "tokens": tokens}, name, at.get(OURS), entries, "extra_bytes") for name, entries in at.items() if entries]
    return rows


def compare_sequences(options, python):
    rows = []
    for kind, tokens, batch in SEQUENCES:
        note(f"{kind}, {tokens} tokens, batch {batch} …")
        name = "polarity(alpha=3)" if kind == "pola" else kind
        competitors = {
            OURS: ["dotnet", os.path.join(BENCHMARKS, "bin", "Release", "net10.0", "PolaFormer.Benchmarks.dll"), "--quick", "sequences", "step", name, tokens, batch, options.filled, options.seconds, options.threads],
            **torch_peers(options, python, "sequence", kind, "--tokens", tokens, "--batch", batch, "--filled", options.filled)}
        results = measure(competitors, options.rounds)
        rows += [row({"kind": kind, "batch": batch, "tokens": tokens}, name, results.get(OURS), entries, "peak_rss_bytes") for name, entries in results.items()]
    return rows


def table(rows):
    """Columns as wide as their widest cell; numbers to the right."""
    formats = {
        "median_ms": ("ms", "{:.2f}"), "our_time_ratio": ("ours takes", "{:.2f} ×"), "times_limit": ("of the limit", "{:.2f} ×"),
        "peak_rss_bytes": ("peak MB", lambda value: f"{value / 1e6:.0f}"), "extra_bytes": ("extra MB", lambda value: f"{value / 1e6:.2f}"),
        "our_memory_ratio": ("ours needs", "{:.2f} ×"),
        "managed_bytes_per_step": ("GC bytes a step", "{:.0f}"), "os_bytes_per_step": ("OS bytes a step", "{:.0f}"),
    }
    fields = [field for field in ("model", "kind", "batch", "tokens", "name", *formats) if any(field in line for line in rows)]
    cells = [[formats[field][0] if field in formats else field for field in fields]]
    for line in rows:
        texts = []
        for field in fields:
            shape = formats.get(field, (None, "{}"))[1]
            texts.append("" if field not in line else shape(line[field]) if callable(shape) else shape.format(line[field]))
        cells.append(texts)
    widths = [max(len(cell[i]) for cell in cells) for i in range(len(fields))]
    left = {"model", "kind", "name"}
    return "\n".join("  ".join(text.ljust(width) if field in left else text.rjust(width) for field, text, width in zip(fields, texts, widths)).rstrip() for texts in cells)


def main():
    options = arguments()
    python = find_python(options)
    if options.sequences:
        output_of(["dotnet", "build", BENCHMARKS, "-c", "Release", "-v", "quiet", "-nologo"])
    elif not options.attention and not options.train:
        output_of(["dotnet", "build", ONNX_PEER, "-c", "Release", "-v", "quiet", "-nologo"])
    compare = compare_attention if options.attention else compare_sequences if options.sequences else compare_models
    rows = compare(options, python)
    print(json.dumps(rows) if options.json else f"{processor()}, {options.threads} threads, {options.rounds} rounds in turns\n\n{table(rows)}")


if __name__ == "__main__":
    main()
