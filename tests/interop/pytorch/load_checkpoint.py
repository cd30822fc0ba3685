"""Resumes from a training checkpoint (.pth) of ours as the authors' main.py does, in PyTorch.

    python3 load_checkpoint.py MODEL CHECKPOINT.pth REFERENCE.safetensors

MODEL is a name of benchmarks/peers/torch_models.py. REFERENCE has the same state as model.NAME, ema.NAME and
optimizer.NAME.exp_avg[_sq]: every bit must be the same. Then AdamW takes a step from the state. Needs python3-torch.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "benchmarks", "peers"))

import numpy as np
import torch

from check_torch import read_safetensors
from torch_models import MODELS

NO_DECAY, NO_DECAY_KEYWORDS = ["absolute_pos_embed"], ["relative_position_bias_table"]


def require(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def same(tensor, expected):
    return tuple(tensor.shape) == expected.shape and tensor.numpy().tobytes() == np.ascontiguousarray(expected).tobytes()


def load_strictly(network, state, reference, prefix):
    require(list(state) == list(network.state_dict()), "names or their order differ from the network's")
    network.load_state_dict(state, strict=True)
    for name, tensor in network.state_dict().items():
        require(same(tensor, reference[f"{prefix}.{name}"]), f"{prefix}.{name} differs")


def groups(network):
    """The authors' two groups: the first decays."""
    decayed, plain = [], []
    for name, parameter in network.named_parameters():
        exempt = parameter.dim() == 1 or name.endswith(".bias") or name in NO_DECAY or any(word in name for word in NO_DECAY_KEYWORDS)
        (plain if exempt else decayed).append((name, parameter))
    return decayed, plain


def main():
    name, path, reference_path = sys.argv[1:]
    checkpoint, reference = torch.load(path, map_location="cpu"), read_safetensors(reference_path)
    network = MODELS[name]()
    load_strictly(network, checkpoint["model"], reference, "model")

    decayed, plain = groups(network)
    optimizer = torch.optim.AdamW([{"params": [p for _, p in decayed]}, {"params": [p for _, p in plain], "weight_decay": 0.0}], lr=1.0, weight_decay=0.3)
    optimizer.load_state_dict(checkpoint["optimizer"])
    require([group["weight_decay"] for group in optimizer.param_groups] == [checkpoint["config"]["TRAIN"]["WEIGHT_DECAY"], 0.0], "weight decay differs")
    for parameter_name, parameter in decayed + plain:
        for moment in ("exp_avg", "exp_avg_sq"):
            require(same(optimizer.state[parameter][moment], reference[f"optimizer.{parameter_name}.{moment}"]), f"{moment} of {parameter_name} differs")
        parameter.grad = torch.full_like(parameter, 1e-3)
    before = float(optimizer.state[decayed[0][1]]["step"])
    optimizer.step()
    require(float(optimizer.state[decayed[0][1]]["step"]) == before + 1, "no step was taken")
    require(all(bool(torch.isfinite(p).all()) for p in network.parameters()), "the step went astray")

    require(checkpoint["lr_scheduler"]["base_values"] == [group["initial_lr"] for group in checkpoint["optimizer"]["param_groups"]], "the schedule starts elsewhere")
    require(isinstance(checkpoint["epoch"], int) and isinstance(checkpoint["max_accuracy"], float), "epoch or max_accuracy is of another type")
    averaged = ""
    if "state_dict_ema" in checkpoint:
        load_strictly(MODELS[name](), checkpoint["state_dict_ema"], reference, "ema")
        require(isinstance(checkpoint["max_accuracy_e"], float), "max_accuracy_e is no number")
        averaged = f", {len(checkpoint['state_dict_ema'])} averaged"
    print(f"PyTorch {torch.__version__}: {name}: {len(checkpoint['model'])} tensors{averaged} and {2 * len(decayed + plain)} moments the same bit for bit; AdamW took step {int(before) + 1}")


if __name__ == "__main__":
    main()
