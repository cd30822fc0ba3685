using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>Patches projected to tokens: (B, H, W, in) → (B, H / stride, W / stride, out).</summary>
public sealed class PatchEmbed : Module
{
    private readonly Conv2d _projection;
    private readonly LayerNorm? _norm;

    /// <summary>Makes the layer over patches that do not overlap.</summary>
    public PatchEmbed(int patchSize, int inChannels, int embedDim, bool norm = true, float eps = 1e-5f)
        : this(new Conv2d(inChannels, embedDim, patchSize, patchSize), norm, eps)
    {
    }

    private PatchEmbed(Conv2d projection, bool norm, float eps = 1e-5f)
    {
        _projection = AddChild("proj", projection);
        if (norm)
            _norm = AddChild("norm", new LayerNorm(projection.OutChannels, eps));
    }

    /// <summary>Patches wider than their distance (PVTv2): as many tokens as without overlap.</summary>
    public static PatchEmbed Overlapping(int patchSize, int stride, int inChannels, int embedDim) =>
        new(new Conv2d(inChannels, embedDim, patchSize, stride, patchSize / 2, initialization: PvtV2.ConvInitialization(patchSize, embedDim)), norm: true);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        x = _projection.Forward(x);
        return _norm is null ? x : _norm.Forward(x);
    }
}
