using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>PVT's reduction of the keys and values: a convolution whose stride is its kernel, then a layer norm.</summary>
internal sealed record SpatialReduction(Conv2d Convolution, LayerNorm Norm)
{
    /// <summary>(B, H, W, C) → (B, H / r, W / r, C).</summary>
    public Tensor Apply(Tensor x) => Norm.Forward(Convolution.Forward(x));
}
