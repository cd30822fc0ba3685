"""The network of the Skyformer repository for Long Range Arena in plain PyTorch, with seven mechanisms of attention.

Operators come in that repository's order, dropout of attention weights included, and nothing is fused. Names and shapes of the
state dict are its own. Polarity attention along a sequence is ours to define (no code of it is published).
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

FEATURES = 128  # landmarks, projected tokens and samples of the repository's configuration


def mask_scores(scores, mask):
    """Takes padding out of softmax: (B, h, N, n) and (B, n)."""
    return scores - 1e9 * (1 - mask[:, None, None, :])


def gaussian(x, y):
    """exp(−|x − y|²/2) of all pairs: (…, N, d) and (…, n, d) to (…, N, n)."""
    half_x, half_y = (x ** 2).sum(-1, keepdim=True) / 2, (y ** 2).sum(-1, keepdim=True) / 2
    return torch.exp(x @ y.transpose(-1, -2) - half_x - half_y.transpose(-1, -2))


def iterative_inverse(matrix, iterations=6):
    """Moore–Penrose inverse by products alone, as Nyströmformer's code has it."""
    one = torch.eye(matrix.shape[-1], device=matrix.device, dtype=matrix.dtype)
    inverse = matrix.transpose(-1, -2) / matrix.sum(-2).max()
    for _ in range(iterations):
        product = matrix @ inverse
        inverse = 0.25 * inverse @ (13 * one - product @ (15 * one - product @ (7 * one - product)))
    return inverse


class Softmax(nn.Module):
    def __init__(self, heads, head_dim, length, drop=0.1):
        super().__init__()
        self.drop = drop

    def forward(self, q, k, v, mask):
        scores = mask_scores(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), mask)
        return F.dropout(scores.softmax(-1), self.drop, self.training) @ v


class Kernelized(Softmax):
    def forward(self, q, k, v, mask):
        normal = q.shape[-1] ** -0.25
        kernel = gaussian(q * normal * mask[:, None, :, None], k * normal) * mask[:, None, None, :]
        return F.dropout(kernel, self.drop, self.training) @ v


class Nystrom(nn.Module):
    def __init__(self, heads, head_dim, length, landmarks=FEATURES):
        super().__init__()
        self.landmarks = landmarks

    def forward(self, q, k, v, mask):
        normal, token = q.shape[-1] ** -0.25, mask[:, None, :, None]
        q, k = q * token * normal, k * token * normal
        batch, heads, length, dim = q.shape
        q_marks, k_marks = (x.reshape(batch, heads, self.landmarks, length // self.landmarks, dim).mean(-2) for x in (q, k))
        first = (q @ k_marks.transpose(-1, -2)).softmax(-1)
        second = (q_marks @ k_marks.transpose(-1, -2)).softmax(-1)
        third = mask_scores(q_marks @ k.transpose(-1, -2), mask).softmax(-1)
        return first @ iterative_inverse(second) @ (third @ v)


class Linformer(nn.Module):
    def __init__(self, heads, head_dim, length, rank=FEATURES):
        super().__init__()
        self.E = nn.Parameter(torch.empty(heads, rank, length).normal_(std=0.02))

    def forward(self, q, k, v, mask):
        token = mask[:, None, :, None]
        k, v = self.E @ (k * token), self.E @ (v * token)
        return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1) @ v


class Informer(nn.Module):
    """The queries whose scores against sampled keys are least uniform attend; the others get the mean of the values."""

    def __init__(self, heads, head_dim, length, features=FEATURES):
        super().__init__()
        self.features = features

    def forward(self, q, k, v, mask):
        batch, heads, length, dim = q.shape
        count = min(length, math.ceil(self.features / math.log(length)) * math.ceil(math.log(length)))
        token, tokens = mask[:, None, :, None], mask.sum(-1)
        q, k, v = q * token, k * token, v * token
        places = (torch.rand(batch, 1, length * count, 1, device=q.device) * tokens[:, None, None, None]).long()
        samples = k.gather(2, places.expand(-1, heads, -1, dim)).reshape(batch, heads, length, count, dim)
        scores = (q[:, :, :, None] @ samples.transpose(-1, -2)).squeeze(-2)
        measure = scores.max(-1)[0] - scores.sum(-1) / length
        top = measure.topk(count, sorted=False)[1][..., None].expand(-1, -1, -1, dim)
        attention = mask_scores(q.gather(2, top) @ k.transpose(-1, -2) / math.sqrt(dim), mask).softmax(-1)
        mean = v.sum(2, keepdim=True) / tokens[:, None, None, None]
        return mean.expand(-1, -1, length, -1).scatter(2, top, attention @ v)


class Skyformer(nn.Module):
    def __init__(self, heads, head_dim, length, features=FEATURES):
        super().__init__()
        self.features = features
        self.draws = None  # in [0, 1); drawn anew in every pass where there are none

    def forward(self, q, k, v, mask):
        normal, token, tokens = 32 ** -0.25, mask[:, None, :, None], mask.sum(-1)
        q, k, v = q * token * normal, k * token * normal, v * token
        length, half, dim = q.shape[2], self.features // 2, q.shape[-1]
        draws = torch.rand(self.features, device=q.device) if self.draws is None else self.draws
        places = (draws * tokens[:, None]).long()
        places = torch.cat([places[:, :half], places[:, half:] + length], -1)[:, None, :, None].expand(-1, q.shape[1], -1, -1)
        rows = torch.cat([q, k], 2)
        sketch = gaussian(rows, rows.gather(2, places.expand(-1, -1, -1, dim)))
        square = sketch.gather(2, places.expand(-1, -1, -1, self.features))
        square = square + 0.1 * torch.eye(self.features, device=q.device)
        root = square.sum(-1) ** -0.5
        inverse = iterative_inverse(root[..., None, :] * square * root[..., None])
        keys = (sketch[:, :, length:] * root[..., None, :]) @ inverse * root[..., None, :] * token
        return sketch[:, :, :length] @ (keys.transpose(-1, -2) @ v)


class Polarity(nn.Module):
    """Polarity attention along a sequence, values under a depthwise convolution of its own; padding is no key and no value."""

    def __init__(self, heads, head_dim, length, alpha=3, kernel=5, positions=False):
        super().__init__()
        self.alpha, dim = alpha, heads * head_dim
        self.power = nn.Parameter(torch.zeros(1, heads, 1, head_dim))
        self.scale = nn.Parameter(torch.zeros(1, 1, dim))
        self.positional_encoding = nn.Parameter(torch.zeros(1, length, dim)) if positions else None
        self.dwc = nn.Conv1d(head_dim, head_dim, kernel, padding=kernel // 2, groups=head_dim)

    def forward(self, q, k, v, mask):
        batch, heads, length, dim = q.shape
        if self.positional_encoding is not None:
            k = k + self.positional_encoding[:, :length].reshape(1, length, heads, dim).transpose(1, 2)
        scale = F.softplus(self.scale).reshape(1, heads, 1, dim)
        exponent = 1 + self.alpha * torch.sigmoid(self.power)
        q, k, v = q / scale, k / scale, v * mask[:, None, :, None]
        same = torch.cat([F.relu(q) ** exponent, F.relu(-q) ** exponent], -1)
        opposite = torch.cat([F.relu(-q) ** exponent, F.relu(q) ** exponent], -1)
        keys = torch.cat([F.relu(k) ** exponent, F.relu(-k) ** exponent], -1) * mask[:, None, :, None]
        mean = keys.mean(2, keepdim=True).transpose(2, 3)
        halves = []
        for query, value in zip((same, opposite), v.chunk(2, -1)):
            z = 1 / (query @ mean + 1e-6)
            state = (keys.transpose(2, 3) * length ** -0.5) @ (value * length ** -0.5)
            halves.append(query @ state * z)
        local = self.dwc(v.reshape(batch * heads, length, dim).transpose(1, 2)).transpose(1, 2)
        return torch.cat(halves, -1) + local.reshape(v.shape)


MECHANISMS = {
    "softmax": Softmax, "kernelized": Kernelized, "nystrom": Nystrom, "linformer": Linformer,
    "informer": Informer, "skyformer": Skyformer, "pola": Polarity,
}


class MultiHead(nn.Module):
    def __init__(self, dim, heads, head_dim, attention):
        super().__init__()
        self.heads, inner = heads, heads * head_dim
        self.W_q, self.W_k, self.W_v = nn.Linear(dim, inner), nn.Linear(dim, inner), nn.Linear(dim, inner)
        if isinstance(attention, Polarity):
            self.W_g = nn.Linear(dim, inner)
        self.attn, self.ff = attention, nn.Linear(inner, dim)

    def forward(self, x, mask):
        q, k, v = (layer(x).reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2) for layer in (self.W_q, self.W_k, self.W_v))
        with torch.autocast(x.device.type, enabled=False):  # attention itself is never in half precision
            y = self.attn(q.float(), k.float(), v.float(), mask.float())
        y = y.transpose(1, 2).reshape(x.shape[0], x.shape[1], -1)
        return self.ff(y * self.W_g(x) if hasattr(self, "W_g") else y)


class Block(nn.Module):
    def __init__(self, dim, hidden, heads, head_dim, attention, drop):
        super().__init__()
        self.norm1, self.norm2, self.drop = nn.LayerNorm(dim), nn.LayerNorm(dim), drop
        self.mha = MultiHead(dim, heads, head_dim, attention)
        self.mlpblock = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(drop), nn.Linear(hidden, dim), nn.Dropout(drop))

    def forward(self, x, mask):
        x = F.dropout(self.mha(self.norm1(x), mask), self.drop, self.training) + x
        return self.mlpblock(self.norm2(x)) + x


class Embeddings(nn.Module):
    def __init__(self, kinds, length, dim, drop):
        super().__init__()
        self.word_embeddings, self.position_embeddings = nn.Embedding(kinds, dim), nn.Embedding(length, dim)
        for table in (self.word_embeddings, self.position_embeddings):
            nn.init.normal_(table.weight, std=0.02)
        self.drop = drop

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)[None].expand_as(tokens)
        return F.dropout(self.word_embeddings(tokens) + self.position_embeddings(places), self.drop, self.training)


class Encoder(nn.Module):
    def __init__(self, kinds, length, dim, hidden, heads, head_dim, layers, attention, drop):
        super().__init__()
        self.embeddings, self.norm = Embeddings(kinds, length, dim, drop), nn.LayerNorm(dim)
        for i in range(layers):
            setattr(self, f"transformer_{i}", Block(dim, hidden, heads, head_dim, attention(heads, head_dim, length), drop))
        self.layers = layers

    def forward(self, tokens):
        mask = (tokens != 0).float()
        x = self.embeddings(tokens)
        for i in range(self.layers):
            x = getattr(self, f"transformer_{i}")(x, mask)
        return (self.norm(x) * mask[..., None]).mean(1)


class Head(nn.Module):
    def __init__(self, dim, hidden, classes):
        super().__init__()
        self.mlpblock = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, classes))


class SequenceClassifier(nn.Module):
    """Tokens (B, N), or (B, 2, N) of two documents, to logits."""

    def __init__(self, attention, kinds, length, classes, dual=False, dim=64, hidden=128, heads=2, head_dim=32, layers=2, drop=0.1):
        super().__init__()
        self.dual = dual
        self.model = Encoder(kinds, length, dim, hidden, heads, head_dim, layers, attention, drop)
        self.seq_classifer = Head(4 * dim if dual else dim, hidden, classes)

    def forward(self, tokens):
        if not self.dual:
            return self.seq_classifer.mlpblock(self.model(tokens))
        first, second = self.model(tokens[:, 0]), self.model(tokens[:, 1])
        return self.seq_classifer.mlpblock(torch.cat([first, second, first * second, first - second], -1))
