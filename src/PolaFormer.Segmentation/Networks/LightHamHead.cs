using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// The head of SegNeXt that PolaFormer++ is published with (Guo et al., NeurIPS 2022, https://arxiv.org/abs/2209.08575;
/// mmsegmentation's ham_head.py): maps side by side at the resolution of the first, and a Hamburger on them.
/// </summary>
public sealed class LightHamHead : DecodeHead
{
    private readonly ConvModule _squeeze, _align;
    private readonly Hamburger _hamburger;

    /// <summary>Makes the layers with undefined weights.</summary>
    public LightHamHead(LightHamHeadConfig config)
        : base(config)
    {
        _squeeze = AddChild("squeeze", new ConvModule(config.InChannels.Sum(), config.HamChannels, 1, config.Norm, Activation.Relu, config.NormGroups) { JointChannels = config.InChannels });
        _hamburger = AddChild("hamburger", new Hamburger(config));
        _align = AddChild("align", Convolution(config.HamChannels, config.Channels, 1));
    }

    /// <summary>The factorisation.</summary>
    internal NonnegativeFactorization Factorization => _hamburger.Factorization;

    /// <inheritdoc/>
    protected override Tensor RunMaps(IReadOnlyList<Tensor> maps) =>
        _align.Forward(_hamburger.Forward(_squeeze.ForwardJoint(maps, MapResize.Mode(Config.AlignCorners))));

    // relu(x + out(factorised(in(x)))), in with its ReLU.
    private sealed class Hamburger : Module
    {
        private readonly ConvModule _input, _output;

        public Hamburger(LightHamHeadConfig config)
        {
            int channels = config.HamChannels;
            _input = AddChild("ham_in", new ConvModule(channels, channels, 1));
            Factorization = AddChild("ham", new NonnegativeFactorization(config.Factorization));
            _output = AddChild("ham_out", new ConvModule(channels, channels, 1, config.Norm, Activation.None, config.NormGroups));
        }

        public NonnegativeFactorization Factorization { get; }

        protected override Tensor Run(Tensor x) => (x + _output.Forward(Factorization.Forward(_input.Forward(x)))).Relu();
    }
}
