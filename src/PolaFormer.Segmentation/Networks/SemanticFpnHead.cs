using System.Numerics;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// The head of Semantic FPN (Kirillov et al., CVPR 2019, https://arxiv.org/abs/1901.02446; mmsegmentation's fpn_head.py): every map
/// is brought to the finest resolution by convolutions and doublings, and the sum classified.
/// </summary>
public sealed class SemanticFpnHead : DecodeHead
{
    private readonly ModuleList<ScaleHead> _scaleHeads;

    /// <summary>Makes the layers with undefined weights.</summary>
    public SemanticFpnHead(SemanticFpnHeadConfig config)
        : base(config)
    {
        int finest = config.FeatureStrides[0];
        _scaleHeads = AddChild("scale_heads", new ModuleList<ScaleHead>(config.InChannels.Select((channels, i) =>
        {
            int doublings = BitOperations.Log2((uint)(config.FeatureStrides[i] / finest));
            return new ScaleHead(
                [.. Enumerable.Range(0, Math.Max(1, doublings)).Select(k => Convolution(k == 0 ? channels : config.Channels, config.Channels, 3))],
                doublings > 0,
                config.AlignCorners);
        })));
    }

    /// <inheritdoc/>
    protected override Tensor RunMaps(IReadOnlyList<Tensor> maps)
    {
        Tensor sum = _scaleHeads[0].Forward(maps[0]);
        for (int i = 1; i < maps.Count; i++)
            sum = sum + MapResize.Like(_scaleHeads[i].Forward(maps[i]), sum, Config.AlignCorners);
        return sum;
    }

    // Numbered as the authors' nn.Sequential: a convolution, then a doubling, which has no parameters.
    private sealed class ScaleHead : Module
    {
        private readonly ConvModule[] _convolutions;
        private readonly bool _doubles, _alignCorners;

        public ScaleHead(ConvModule[] convolutions, bool doubles, bool alignCorners)
        {
            (_doubles, _alignCorners) = (doubles, alignCorners);
            _convolutions = [.. convolutions.Select((convolution, k) => AddChild($"{(doubles ? 2 * k : k)}", convolution))];
        }

        protected override Tensor Run(Tensor x)
        {
            foreach (ConvModule convolution in _convolutions)
            {
                x = convolution.Forward(x);
                if (_doubles)
                    x = MapResize.To(x, 2 * x.Shape[1], 2 * x.Shape[2], _alignCorners);
            }

            return x;
        }
    }
}
