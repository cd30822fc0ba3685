using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>A pre-norm transformer block over (B, H, W, C) or (B, N, C).</summary>
public sealed class TransformerBlock : Module
{
    /// <summary>Added to the variances of the published PVTs' and DeiTs' norms.</summary>
    public const float DefaultEps = 1e-6f;

    private readonly LayerNorm _norm1, _norm2;
    private readonly Module _attention, _mlp;
    private readonly DropPath _attentionDropPath, _mlpDropPath;

    /// <summary>Makes the block around an attention and a feed-forward part of C channels.</summary>
    public TransformerBlock(int dim, Module attention, Module mlp, float dropPath, float eps = DefaultEps)
    {
        _norm1 = AddChild("norm1", new LayerNorm(dim, eps));
        _attention = AddChild("attn", attention);
        _attentionDropPath = AddChild("drop_path", new DropPath(dropPath));
        _norm2 = AddChild("norm2", new LayerNorm(dim, eps));
        _mlp = AddChild("mlp", mlp);
        _mlpDropPath = AddChild("drop_path_mlp", new DropPath(dropPath));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        x = _attentionDropPath.Add(x, _attention, _norm1.Forward(x));
        return _mlpDropPath.Add(x, _mlp, _norm2.Forward(x));
    }
}
