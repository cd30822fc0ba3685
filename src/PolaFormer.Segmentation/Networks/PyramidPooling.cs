using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// Pyramid pooling (PSPNet: Zhao et al., CVPR 2017, https://arxiv.org/abs/1612.01105): averages over grids of few cells, each through
/// a 1×1 convolution and back to the size of the map.
/// </summary>
public sealed class PyramidPooling : Module
{
    private readonly int[] _scales;
    private readonly bool _alignCorners;
    private readonly ConvModule[] _convolutions;

    /// <summary>Makes the layers, named <c>k.1</c> as in the authors' nn.Sequential, whose part 0 pools.</summary>
    /// <param name="scales">Cells of each grid in either direction.</param>
    /// <param name="convolution">Makes the convolution behind a grid.</param>
    /// <param name="alignCorners">Whether maps are resized with their corners in place.</param>
    public PyramidPooling(IReadOnlyList<int> scales, Func<ConvModule> convolution, bool alignCorners)
    {
        (_scales, _alignCorners) = ([.. scales], alignCorners);
        _convolutions = [.. scales.Select((_, k) => AddChild($"{k}.1", convolution()))];
    }

    /// <summary>The map and its averages of every grid: (B, H, W, C) → as many maps and one.</summary>
    public Tensor[] ForwardPyramid(Tensor x) => CallForSeveral(new Pass(this, x), static pass => pass.Pooling.RunPyramid(pass.X), x);

    /// <summary>The map and its averages side by side in the channels.</summary>
    protected override Tensor Run(Tensor x) => Tensor.Concat(3, RunPyramid(x));

    private Tensor[] RunPyramid(Tensor x) =>
        [x, .. _scales.Select((scale, k) => MapResize.Like(_convolutions[k].Forward(x.AdaptiveAveragePool(scale, scale)), x, _alignCorners))];

    private readonly record struct Pass(PyramidPooling Pooling, Tensor X);
}
