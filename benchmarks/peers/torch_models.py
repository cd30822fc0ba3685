"""PolaFormer and PolaFormer++ in plain PyTorch: what a PyTorch user runs.

The operators come in the order of the published models and nothing is fused, so that timings stand for PyTorch as it is
used. Names and shapes of the state dict are the published ones: a .pth file loads with strict=True.
"""
import torch
import torch.nn.functional as F
from torch import nn


def _drop_path(x, probability, training):
    """Drops a whole residual branch of single images, and scales up what stays."""
    if not training or probability == 0:
        return x
    keep = x.new_empty((x.shape[0],) + (1,) * (x.dim() - 1)).bernoulli_(1 - probability)
    return x * keep / (1 - probability)


def _drop_path_rates(depths, last):
    rates = torch.linspace(0, last, sum(depths)).tolist()
    return [[rates.pop(0) for _ in range(depth)] for depth in depths]


def split_heads(x, heads):
    """(B, N, C) to (B, heads, N, d)."""
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def join_heads(x):
    """(B, heads, N, d) to (B, N, C)."""
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


def polarity(q, k, v, exponent):
    """Polarity attention of heads (B, h, N, d) with keys and values (B, h, n, d)."""
    n = k.shape[2]
    q_pos, q_neg = F.relu(q) ** exponent, F.relu(-q) ** exponent
    k_pos, k_neg = F.relu(k) ** exponent, F.relu(-k) ** exponent
    same, opposite = torch.cat([q_pos, q_neg], -1), torch.cat([q_neg, q_pos], -1)
    keys = torch.cat([k_pos, k_neg], -1)
    mean = keys.mean(2, keepdim=True).transpose(2, 3)
    halves = []
    for query, value in zip((same, opposite), v.chunk(2, -1)):
        z = 1 / (query @ mean + 1e-6)
        state = (keys.transpose(2, 3) * n ** -0.5) @ (value * n ** -0.5)
        halves.append(query @ state * z)
    return torch.cat(halves, -1)


def rotate(x, sin, cos):
    """Turns neighbouring channel pairs."""
    turned = torch.stack([-x[..., 1::2], x[..., ::2]], -1).flatten(-2)
    return x * cos + turned * sin


def polarity_plus_plus(q, k, v, s1, s2, sin, cos):
    """The linear attention of PolaFormer++ on heads (B, h, N, d); sin and cos are (N, 2d)."""
    n = k.shape[2]
    same = torch.exp(torch.cat([F.relu(q), F.relu(-q)], -1) * torch.sigmoid(s1)) - 1
    opposite = torch.exp(torch.cat([F.relu(-q), F.relu(q)], -1) * torch.sigmoid(s2)) - 1
    keys = torch.exp(torch.cat([F.relu(k), F.relu(-k)], -1)) - 1
    mean = keys.mean(2, keepdim=True).transpose(2, 3)
    turned_keys = rotate(keys, sin, cos).transpose(2, 3) * n ** -0.5
    halves = []
    for query, value in zip((same, opposite), v.chunk(2, -1)):
        z = 1 / (query @ mean + 1e-6)
        halves.append(rotate(query, sin, cos) @ (turned_keys @ (value * n ** -0.5)) * z)
    return torch.cat(halves, -1)


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class PatchEmbed(nn.Module):
    """Patches of an image (B, C, H, W) to tokens (B, N, dim)."""

    def __init__(self, patch, channels, dim):
        super().__init__()
        self.proj, self.norm = nn.Conv2d(channels, dim, patch, patch), nn.LayerNorm(dim)

    def forward(self, x):
        return self.norm(self.proj(x).flatten(2).transpose(1, 2))


class PolarityAttention(nn.Module):
    """Attention of Pola-PVT (projections qg and kv) or of Pola-Swin (one projection qkvg)."""

    def __init__(self, dim, heads, tokens, joint, kernel=5, alpha=4):
        super().__init__()
        self.heads, self.alpha, self.joint = heads, alpha, joint
        self.power = nn.Parameter(torch.zeros(1, heads, 1, dim // heads))
        self.scale = nn.Parameter(torch.zeros(1, 1, dim))
        self.positional_encoding = nn.Parameter(torch.zeros(1, tokens, dim))
        if joint:
            self.qkvg = nn.Linear(dim, 4 * dim)
        else:
            self.qg, self.kv = nn.Linear(dim, 2 * dim), nn.Linear(dim, 2 * dim)
        self.proj = nn.Linear(dim, dim)
        head_dim = dim // heads
        self.dwc = nn.Conv2d(head_dim, head_dim, kernel, padding=kernel // 2, groups=head_dim)

    def forward(self, x, mask=None):
        batch, tokens, dim = x.shape
        if self.joint:
            q, k, v, g = self.qkvg(x).reshape(batch, tokens, 4, dim).unbind(2)
        else:
            q, g = self.qg(x).reshape(batch, tokens, 2, dim).unbind(2)
            k, v = self.kv(x).reshape(batch, tokens, 2, dim).unbind(2)
        k = k + self.positional_encoding
        scale = F.softplus(self.scale)
        exponent = 1 + self.alpha * torch.sigmoid(self.power)
        q, k, v = (split_heads(part, self.heads).contiguous() for part in (q / scale, k / scale, v))
        attended = join_heads(polarity(q, k, v, exponent))
        side = int(tokens ** 0.5)
        planes = v.reshape(batch * self.heads, side, side, -1).permute(0, 3, 1, 2)
        local = self.dwc(planes).reshape(batch, dim, tokens).transpose(1, 2)
        return self.proj((attended + local) * g)


class PvtBlock(nn.Module):
    def __init__(self, dim, heads, tokens, hidden, drop_path):
        super().__init__()
        self.drop_path = drop_path
        self.norm1, self.attn = nn.LayerNorm(dim, 1e-6), PolarityAttention(dim, heads, tokens, joint=False)
        self.norm2, self.mlp = nn.LayerNorm(dim, 1e-6), Mlp(dim, hidden)

    def forward(self, x):
        x = x + _drop_path(self.attn(self.norm1(x)), self.drop_path, self.training)
        return x + _drop_path(self.mlp(self.norm2(x)), self.drop_path, self.training)


class PolaPvt(nn.Module):
    def __init__(self, depths, dims=(64, 128, 320, 512), heads=(1, 2, 5, 8), ratios=(8, 8, 4, 4), classes=1000, drop_path=0.1):
        super().__init__()
        channels, side, rates = 3, 224, _drop_path_rates(depths, drop_path)
        for i, dim in enumerate(dims):
            patch = 4 if i == 0 else 2
            side //= patch
            setattr(self, f"patch_embed{i + 1}", PatchEmbed(patch, channels, dim))
            setattr(self, f"pos_embed{i + 1}", nn.Parameter(torch.empty(1, side * side, dim).normal_(std=0.02)))
            setattr(self, f"block{i + 1}", nn.ModuleList(
                [PvtBlock(dim, heads[i], side * side, ratios[i] * dim, rate) for rate in rates[i]]))
            channels = dim
        self.norm = nn.LayerNorm(dims[-1], 1e-6)  # in the state dict, not in the forward pass
        self.head = nn.Linear(dims[-1], classes)

    def forward(self, x):
        for i in range(1, 5):
            x = getattr(self, f"patch_embed{i}")(x) + getattr(self, f"pos_embed{i}")
            for block in getattr(self, f"block{i}"):
                x = block(x)
            if i < 4:
                side = int(x.shape[1] ** 0.5)
                x = x.reshape(x.shape[0], side, side, -1).permute(0, 3, 1, 2).contiguous()
        return self.head(x.mean(1))


class WindowSoftmaxAttention(nn.Module):
    def __init__(self, dim, window, heads):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        place = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        offset = place[:, :, None] - place[:, None, :] + window - 1
        self.register_buffer("relative_position_index", offset[0] * (2 * window - 1) + offset[1])
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, mask=None):
        windows, tokens, dim = x.shape
        q, k, v = (split_heads(part, self.heads) for part in self.qkv(x).chunk(3, -1))
        scores = (q * self.scale) @ k.transpose(2, 3)
        bias = self.relative_position_bias_table[self.relative_position_index.flatten()]
        scores = scores + bias.reshape(tokens, tokens, -1).permute(2, 0, 1).contiguous()
        if mask is not None:
            scores = scores.reshape(-1, mask.shape[0], self.heads, tokens, tokens) + mask[:, None]
            scores = scores.reshape(windows, self.heads, tokens, tokens)
        return self.proj(join_heads(scores.softmax(-1) @ v))


def to_windows(x, window):
    """(B, H, W, C) to (windows, w·w, C)."""
    batch, height, width, dim = x.shape
    x = x.reshape(batch, height // window, window, width // window, window, dim)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, window * window, dim)


def from_windows(x, window, height, width):
    """(windows, w·w, C) to (B, H, W, C)."""
    x = x.reshape(-1, height // window, width // window, window, window, x.shape[-1])
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, x.shape[-1])


class SwinBlock(nn.Module):
    def __init__(self, dim, side, heads, polar, shifted, drop_path):
        super().__init__()
        window = 56 if polar else 7
        self.side, self.drop_path = side, drop_path
        self.window = min(side, window)
        self.shift = window // 2 if shifted and side > window else 0
        if self.shift:
            band = torch.zeros(side, dtype=torch.long)
            band[-self.window:], band[-self.shift:] = 1, 2
            region = to_windows((3 * band[:, None] + band)[None, :, :, None], self.window).squeeze(-1)
            self.register_buffer("attn_mask", torch.where(region[:, None] == region[:, :, None], 0.0, -100.0))
        else:
            self.attn_mask = None
        self.norm1 = nn.LayerNorm(dim)
        self.attn = PolarityAttention(dim, heads, self.window ** 2, joint=True) if polar else WindowSoftmaxAttention(dim, self.window, heads)
        self.norm2, self.mlp = nn.LayerNorm(dim), Mlp(dim, 4 * dim)

    def forward(self, x):
        y = self.norm1(x).reshape(x.shape[0], self.side, self.side, -1)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), (1, 2))
        y = from_windows(self.attn(to_windows(y, self.window), self.attn_mask), self.window, self.side, self.side)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        x = x + _drop_path(y.reshape(x.shape), self.drop_path, self.training)
        return x + _drop_path(self.mlp(self.norm2(x)), self.drop_path, self.training)


class SwinMerging(nn.Module):
    def __init__(self, dim, side):
        super().__init__()
        self.side = side
        self.reduction, self.norm = nn.Linear(4 * dim, 2 * dim, bias=False), nn.LayerNorm(4 * dim)

    def forward(self, x):
        x = x.reshape(x.shape[0], self.side, self.side, -1)
        x = torch.cat([x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)], -1)
        return self.reduction(self.norm(x.flatten(1, 2)))


class SwinStage(nn.Module):
    def __init__(self, dim, side, heads, polar, rates, last):
        super().__init__()
        self.blocks = nn.ModuleList([SwinBlock(dim, side, heads, polar, i % 2 == 1, rate) for i, rate in enumerate(rates)])
        self.downsample = None if last else SwinMerging(dim, side)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x if self.downsample is None else self.downsample(x)


class PolaSwin(nn.Module):
    def __init__(self, depths=(2, 2, 6, 2), dim=96, heads=(3, 6, 12, 24), polar=(True, True, False, False), classes=1000, drop_path=0.2):
        super().__init__()
        rates = _drop_path_rates(depths, drop_path)
        self.patch_embed = PatchEmbed(4, 3, dim)
        self.layers = nn.ModuleList([SwinStage(dim << i, 56 >> i, heads[i], polar[i], rates[i], i == 3) for i in range(4)])
        self.norm, self.head = nn.LayerNorm(dim << 3), nn.Linear(dim << 3, classes)

    def forward(self, x):
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean(1))


class RotaryEncoding(nn.Module):
    """Angles of a plane: the first half of a head's channels turns with the row, the second with the column."""

    def __init__(self, dim, heads):
        super().__init__()
        angle = 1 / 10000 ** torch.linspace(0, 1, dim // heads // 4)
        self.register_buffer("angle", angle.repeat_interleave(2))

    def forward(self, height, width):
        places = torch.arange(max(height, width), device=self.angle.device)[:, None] * self.angle
        rows, columns = places[:height, None].expand(-1, width, -1), places[None, :width].expand(height, -1, -1)
        turned = torch.cat([rows, columns], -1).flatten(0, 1)
        return turned.sin(), turned.cos()


class PlusPlusAttention(nn.Module):
    """Attention of PolaFormer++ over (B, H, W, C): linear ('l') or softmax ('v')."""

    def __init__(self, dim, heads, linear):
        super().__init__()
        self.heads, self.linear, self.head_dim = heads, linear, dim // heads
        if linear:
            self.s1 = nn.Parameter(torch.zeros(1, heads, 1, 2 * self.head_dim))
            self.s2 = nn.Parameter(torch.zeros(1, heads, 1, 2 * self.head_dim))
            self.qkvg = nn.Linear(dim, 4 * dim)
        else:
            self.qkvo = nn.Linear(dim, 4 * dim)
        self.lepe = nn.Conv2d(dim, dim, 5, padding=2, groups=dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, sin, cos):
        batch, height, width, dim = x.shape
        joint = self.qkvg(x) if self.linear else self.qkvo(x)
        q, k, v, g = joint.chunk(4, -1)
        local = self.lepe(v.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        q, k, v = (split_heads(part.flatten(1, 2), self.heads) for part in (q, k, v))
        if self.linear:
            y = polarity_plus_plus(q, k, v, self.s1, self.s2, sin, cos)
        else:
            k = k * self.head_dim ** -0.5
            y = (rotate(q, sin, cos) @ rotate(k, sin, cos).transpose(2, 3)).softmax(-1) @ v
        y = join_heads(y).reshape(batch, height, width, dim)
        return self.proj((y + local) * g)


class LayerNorm2d(nn.Module):
    """Layer norm over the channels of (B, C, H, W)."""

    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim, 1e-6)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1).contiguous()).permute(0, 3, 1, 2).contiguous()


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.dwconv = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)

    def forward(self, x):
        x = F.gelu(self.fc1(x))
        return self.fc2(x + self.dwconv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1))


class PlusPlusBlock(nn.Module):
    def __init__(self, dim, heads, linear, hidden, drop_path):
        super().__init__()
        self.drop_path = drop_path
        self.gamma_1, self.gamma_2 = nn.Parameter(torch.ones(1, dim, 1, 1)), nn.Parameter(torch.ones(1, dim, 1, 1))
        self.norm1, self.attn = LayerNorm2d(dim), PlusPlusAttention(dim, heads, linear)
        self.norm2, self.ffn = LayerNorm2d(dim), FeedForward(dim, hidden)
        self.pos = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)

    def forward(self, x, sin, cos):
        x = x + self.pos(x)
        y = self.attn(self.norm1(x).permute(0, 2, 3, 1), sin, cos).permute(0, 3, 1, 2)
        x = x + _drop_path(self.gamma_1 * y, self.drop_path, self.training)
        y = self.ffn(self.norm2(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + _drop_path(self.gamma_2 * y, self.drop_path, self.training)


class PlusPlusMerging(nn.Module):
    def __init__(self, dim, out):
        super().__init__()
        self.reduction, self.norm = nn.Conv2d(dim, out, 3, 2, 1), nn.BatchNorm2d(out)

    def forward(self, x):
        return self.norm(self.reduction(x))


class PlusPlusStage(nn.Module):
    def __init__(self, dim, out, heads, linear, rates):
        super().__init__()
        self.linear = linear
        self.RoPE, self.RoPE_linear = RotaryEncoding(dim, heads), RotaryEncoding(2 * dim, heads)
        self.blocks = nn.ModuleList([PlusPlusBlock(dim, heads, linear, int(3.5 * dim), rate) for rate in rates])
        self.downsample = None if out is None else PlusPlusMerging(dim, out)

    def forward(self, x):
        sin, cos = (self.RoPE_linear if self.linear else self.RoPE)(x.shape[2], x.shape[3])
        for block in self.blocks:
            x = block(x, sin, cos)
        return x if self.downsample is None else self.downsample(x)


class PlusPlusStem(nn.Module):
    def __init__(self, dim):
        super().__init__()
        half = dim // 2
        plan = [(3, half, 2), (half, half, 1), (half, half, 1), (half, dim, 2)]
        layers = [part for a, b, stride in plan for part in (nn.Conv2d(a, b, 3, stride, 1), nn.BatchNorm2d(b), nn.GELU())]
        self.proj = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.proj(x)


class PolaFormerPlusPlus(nn.Module):
    def __init__(self, dims, depths, heads, classes=1000, projection=2048, drop_path=0.1):
        super().__init__()
        rates = _drop_path_rates(depths, drop_path)
        outs = list(dims[1:]) + [None]
        self.patch_embed = PlusPlusStem(dims[0])
        self.layers = nn.ModuleList([PlusPlusStage(dims[i], outs[i], heads[i], i < 2, rates[i]) for i in range(4)])
        self.proj, self.norm = nn.Conv2d(dims[-1], projection, 1), nn.BatchNorm2d(projection)
        self.head = nn.Conv2d(projection, classes, 1)

    def forward(self, x):
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        x = F.silu(self.norm(self.proj(x))).mean((2, 3), keepdim=True)
        return self.head(x).flatten(1)


MODELS = {
    "pola_pvt_tiny": lambda: PolaPvt((2, 2, 2, 2)),
    "pola_pvt_small": lambda: PolaPvt((3, 4, 6, 3)),
    "pola_swin_tiny": PolaSwin,
    "polaformer_pp_b0": lambda: PolaFormerPlusPlus((32, 64, 128, 384), (2, 2, 2, 2), (1, 2, 4, 12)),
    "polaformer_pp_b1": lambda: PolaFormerPlusPlus((32, 64, 192, 384), (2, 2, 4, 2), (1, 2, 6, 12)),
    "polaformer_pp_b2": lambda: PolaFormerPlusPlus((64, 128, 256, 512), (2, 2, 6, 2), (1, 2, 4, 8)),
}
