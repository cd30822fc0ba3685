using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>Two linear layers with a GELU between: the feed-forward part of PVT, Swin and DeiT blocks.</summary>
public sealed class Mlp : Module
{
    private readonly Linear _fc1, _fc2;

    /// <summary>Makes the layers, (…, features) → (…, features).</summary>
    public Mlp(int features, int hiddenFeatures)
    {
        _fc1 = AddChild("fc1", new Linear(features, hiddenFeatures, initialization: Linear.TransformerInitialization));
        _fc2 = AddChild("fc2", new Linear(hiddenFeatures, features, initialization: Linear.TransformerInitialization));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, null);

    /// <inheritdoc/>
    protected override Tensor RunOnto(Tensor residual, Tensor x) => Run(x, residual);

    private Tensor Run(Tensor x, Tensor? residual) => x.FeedForward(_fc1.Weight, _fc1.Bias, Activation.Gelu, _fc2.Weight, _fc2.Bias, residual);
}
