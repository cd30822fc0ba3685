"""Polarity attention in PyTorch on a GPU, timed like PolaFormer.Cuda.DeviceCheck times ours: 8 heads of 64 channels, batch 16.

usage: cuda_attention.py TYPE PEERS TOKENS...     TYPE bf16|float; PEERS comma-separated of eager,compile,softmax,triton
The peer `triton` needs flash-bidirectional-linear-attention (flash_bla) on PYTHONPATH.
"""
import sys
import time

import torch
import torch.nn.functional as F

from cuda_timing import REPEAT, median

BATCH, HEADS, HEAD_DIM = 16, 8, 64


def features(q, k, v, position, scale, power):
    """The authors' sequence up to the products (PolaFormer, models/pola_pvt.py)."""
    b, n, c = q.shape
    k = k + position
    q, k = q / scale, k / scale
    q, k, v = (x.reshape(b, x.shape[1], HEADS, -1).permute(0, 2, 1, 3).contiguous() for x in (q, k, v))
    q_pos, q_neg = F.relu(q) ** power, F.relu(-q) ** power
    k_pos, k_neg = F.relu(k) ** power, F.relu(-k) ** power
    v1, v2 = torch.chunk(v, 2, dim=-1)
    return torch.cat([q_pos, q_neg], -1), torch.cat([q_neg, q_pos], -1), torch.cat([k_pos, k_neg], -1), v1, v2


def merge(x_sim, x_opp):
    x = torch.cat([x_sim, x_opp], dim=-1)
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


def authors(q, k, v, position, scale, power):
    q_sim, q_opp, k, v1, v2 = features(q, k, v, position, scale, power)
    n = k.shape[-2]
    out = []
    for queries, values in ((q_sim, v1), (q_opp, v2)):
        z = 1 / (queries @ k.mean(dim=-2, keepdim=True).transpose(-2, -1) + 1e-6)
        kv = (k.transpose(-2, -1) * (n ** -0.5)) @ (values * (n ** -0.5))
        out.append(queries @ kv * z)
    return merge(*out)


def softmax(q, k, v, position, scale, power):
    q, k, v = (x.reshape(x.shape[0], x.shape[1], HEADS, -1).transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


def triton_peer():
    import triton
    from flash_bla.ops.linear_attn import fused

    def block_sizes():  # of the library's 144 a few, so that tuning does not take hours
        return [triton.Config({"BL": l, "BK": 64, "BV": 32}, num_warps=w, num_stages=s) for l in (64, 128) for w in (4, 8) for s in (2, 3)]

    fused.fused_fwd_kernel_s_km.configs = block_sizes()
    fused.fused_fwd_kernel_o.configs = block_sizes()

    def run(q, k, v, position, scale, power):
        q_sim, q_opp, k, v1, v2 = features(q, k, v, position, scale, power)
        return merge(fused.linear_attention(q_sim, k, v1), fused.linear_attention(q_opp, k, v2))

    return run


def inputs(n, dtype, batch=BATCH):
    c = HEADS * HEAD_DIM
    generator = torch.Generator("cuda").manual_seed(n)
    q, k, v, cotangent = (torch.randn(batch, n, c, device="cuda", dtype=dtype, generator=generator) for _ in range(4))
    position = 0.4 * torch.rand(1, n, c, device="cuda", dtype=dtype, generator=generator) - 0.2
    scale = (0.6 + 0.3 * torch.rand(1, 1, c, device="cuda", generator=generator)).to(dtype)
    power = (2 + 2 * torch.rand(1, HEADS, 1, HEAD_DIM, device="cuda", generator=generator)).to(dtype)
    return [q, k, v, position, scale, power], cotangent


def error(run, dtype):
    """‖out − reference‖ / ‖reference‖ against the authors' sequence in float64 on the same values, and of the gradient of q and k."""
    values, cotangent = inputs(784, dtype, batch=1)

    def grad(function, kind):
        leaves = [x.detach().to(kind).requires_grad_(i != 3) for i, x in enumerate(values)]
        out = function(*leaves)
        out.backward(cotangent.to(kind))
        return [x.double() for x in (out, leaves[0].grad, leaves[1].grad)]

    expected, actual = grad(authors, torch.float64), grad(run, dtype)
    return ["%.1e" % (torch.linalg.norm(a - e) / torch.linalg.norm(e)).item() for e, a in zip(expected, actual)]


def main():
    kind, peers, tokens = sys.argv[1], sys.argv[2].split(","), [int(n) for n in sys.argv[3:]]
    torch._dynamo.config.recompile_limit = 64  # a compilation for each size, with and without gradients
    dtype = {"bf16": torch.bfloat16, "float": torch.float32}[kind]
    print(torch.cuda.get_device_name(), "torch", torch.__version__, flush=True)
    for peer in peers:
        try:
            run = {"eager": lambda: authors, "compile": lambda: torch.compile(authors, dynamic=False), "softmax": lambda: softmax, "triton": triton_peer}[peer]()
            if peer != "softmax":
                print(peer, kind, "error out, dq, dk:", *error(run, dtype), flush=True)
        except Exception as problem:
            print(peer, kind, "failed:", type(problem).__name__, str(problem).splitlines()[0][:200], flush=True)
            continue
        for n in tokens:
            began = time.time()
            try:
                values, cotangent = inputs(n, dtype)
                repeat = REPEAT if peer != "softmax" or n < 10000 else 5
                with torch.no_grad():
                    forward = median(lambda: run(*values), repeat)
                leaves = [x.requires_grad_(i != 3) for i, x in enumerate(values)]
                trained = [x for x in leaves if x.requires_grad] if peer != "softmax" else leaves[:3]
                both = median(lambda: torch.autograd.grad(run(*leaves), trained, cotangent), repeat)
                print(f"{peer} {kind} N={n} forward {forward:.4f} both {both:.4f} ms  (peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB, {time.time() - began:.0f} s)", flush=True)
            except torch.OutOfMemoryError:
                print(peer, kind, f"N={n} out of memory", flush=True)
            except Exception as problem:
                print(peer, kind, f"N={n} failed:", type(problem).__name__, str(problem).splitlines()[0][:200], flush=True)
            values = leaves = trained = cotangent = None
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
