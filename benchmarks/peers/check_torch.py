"""Checks the PyTorch models against reference logits, and our .pth writer against PyTorch.

    python3 check_torch.py FIXTURES [--polaformer ../../polaformer]

FIXTURES holds C_full/CASE and L_long_range/CASE with reference logits of formula weights. With --polaformer each network's weights also go
through our reader and writer (.pth to .safetensors and back) and are loaded strictly.
"""
import argparse
import json
import math
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

from torch_models import MODELS
from torch_sequences import MECHANISMS, SequenceClassifier

CASES = {
    "pola_pvt_tiny": "pola_pvt_tiny", "pola_pvt_small": "pola_pvt_small", "pola_swin_tiny": "pola_swin_tiny",
    "pola_b0": "polaformer_pp_b0", "pola_b1": "polaformer_pp_b1", "pola_b2": "polaformer_pp_b2",
}
SEQUENCES = ["sc_softmax_full", "sc_kernelized", "sc_nystrom", "sc_linformer", "sc_skyformer", "sc_pola_keys", "dual_softmax", "dual_nystrom"]


def stream(key, count):
    """The 24-bit numbers of a name: SplitMix64 seeded by its FNV-1a hash."""
    seed = 0xCBF29CE484222325
    for byte in key.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2 ** 64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.int64)


def symmetric(key, shape):
    values = (stream(key, math.prod(shape)) - 2 ** 23).astype(np.float32) * np.float32(2.0 ** -23)
    return torch.from_numpy(values.reshape(shape))


def formula(name, tensor, salt=""):
    """A state-dict entry by the rules of the fixtures."""
    last, shape = name.split(".")[-1], tuple(tensor.shape)
    if last in ("angle", "relative_position_index", "attn_mask"):
        return tensor
    if last == "num_batches_tracked":
        return torch.zeros_like(tensor)
    s = symmetric(salt + name, shape)
    unit = (s + 1) / 2
    if last == "running_var":
        return 1 + unit
    if last in ("gamma_1", "gamma_2"):
        return 0.5 + 0.5 * unit
    factors = {"power": 1, "s1": 1, "s2": 1, "running_mean": 0.1, "scale": 0.5, "bias": 0.1, "positional_encoding": 0.2, "relative_position_bias_table": 0.2}
    if last in factors or last.startswith("pos_embed"):
        return np.float32(factors.get(last, 0.2)) * s
    if len(shape) == 1:
        return 1 + np.float32(0.1) * s
    bound = math.sqrt(3 / math.prod(shape[1:]))
    return np.float32(0.25 * bound if name.endswith(".pos.weight") else bound) * s


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    kinds = {"F64": np.float64, "F32": np.float32, "I64": np.int64}
    return {name: np.frombuffer(data[entry["data_offsets"][0]:entry["data_offsets"][1]], kinds[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def round_trip(polaformer, state):
    """The state after our reader and writer have had it twice."""
    with tempfile.TemporaryDirectory() as folder:
        first, middle, last = (os.path.join(folder, name) for name in ("first.pth", "middle.safetensors", "last.pth"))
        torch.save({"model": state}, first)
        for source, target in ((first, middle), (middle, last)):
            subprocess.run([polaformer, "convert", source, target], check=True, stdout=subprocess.DEVNULL)
        loaded = torch.load(last, map_location="cpu")
    return loaded.get("model", loaded)


def check(case, model, folder, polaformer):
    model.load_state_dict({name: formula(name, tensor) for name, tensor in model.state_dict().items()}, strict=True)
    if polaformer:
        before, after = model.state_dict(), round_trip(polaformer, model.state_dict())
        model.load_state_dict(after, strict=True)
        if list(before) != list(after) or not all(torch.equal(before[name], after[name]) for name in before):
            return f"{case}: the weights changed on their way through polaformer convert", False
    with open(os.path.join(folder, "meta.json")) as file:
        tolerance = json.load(file)["checks"]["out.logits_formula"]["atol"]
    expected = read_safetensors(os.path.join(folder, "case.safetensors"))["out64.logits_formula"]
    with torch.no_grad():
        logits = model.eval()(symmetric("input", (expected.shape[0], 3, 224, 224))).numpy()
    error = np.abs(logits - expected).max()
    return f"{case}: largest error {error:.1e} of {tolerance:.1e} allowed{'; .pth of our writer loads strictly, every bit the same' if polaformer else ''}", error <= tolerance


def check_sequence(case, folder):
    with open(os.path.join(folder, "meta.json")) as file:
        meta = json.load(file)
    tensors, built = read_safetensors(os.path.join(folder, "case.safetensors")), meta["construct"]
    options = {"nystrom": {"landmarks": built.get("num_landmarks")}, "linformer": {"rank": built.get("linformer_k")}, "skyformer": {"features": built.get("nb_features")},
               "pola": {"alpha": built.get("pola_alpha"), "positions": True}}.get(built["attn_type"], {})
    model = SequenceClassifier(
        lambda heads, head_dim, length: MECHANISMS[built["attn_type"]](heads, head_dim, length, **options), built["vocab_size"], built["max_seq_len"], built["num_classes"],
        meta["dual"], built["transformer_dim"], built["transformer_hidden_dim"], built["num_head"], built["head_dim"], built["num_layers"])
    model.load_state_dict({name: formula(name, tensor, meta["salt"]) for name, tensor in model.state_dict().items()}, strict=True)
    for i in range(built["num_layers"]):
        if f"aux.rand.{i}" in tensors:
            getattr(model.model, f"transformer_{i}").mha.attn.draws = torch.tensor(tensors[f"aux.rand.{i}"])
    tokens = torch.tensor(tensors["in.input_ids_0"])
    if meta["dual"]:
        tokens = torch.stack([tokens, torch.tensor(tensors["in.input_ids_1"])], 1)
    with torch.no_grad():
        error = np.abs(model.eval()(tokens).numpy() - tensors["out64.logits"]).max()
    tolerance = meta["checks"]["out.logits"]["atol"]
    return f"{case}: largest error {error:.1e} of {tolerance:.1e} allowed", error <= tolerance


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures")
    parser.add_argument("--polaformer")
    options = parser.parse_args()
    good = True
    for case, name in CASES.items():
        folder = os.path.join(options.fixtures, "C_full", case)
        if not os.path.isdir(folder):
            print(f"{case}: no such case in {options.fixtures}")
            continue
        text, passed = check(case, MODELS[name](), folder, options.polaformer)
        print(text if passed else f"FAILED {text}")
        good = good and passed
    for case in SEQUENCES:
        folder = os.path.join(options.fixtures, "L_long_range", case)
        if os.path.isdir(folder):
            text, passed = check_sequence(case, folder)
            print(text if passed else f"FAILED {text}")
            good = good and passed
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
