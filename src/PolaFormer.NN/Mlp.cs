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
    protected override Tensor Run(Tensor x) => _fc2.Forward(_fc1.Forward(x).Gelu());
}
