using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>Two linear layers with a GELU between: the feed-forward part of PVT, Swin and DeiT blocks.</summary>
public sealed class Mlp : Module
{
    private readonly Linear _fc1, _fc2;
    private readonly Dropout? _hiddenDropout, _dropout;

    /// <summary>Makes the layers, (…, features) → (…, features).</summary>
    /// <param name="features">Width of input and output.</param>
    /// <param name="hiddenFeatures">Width between.</param>
    /// <param name="dropRate">Chance that an element behind either layer is dropped in training.</param>
    public Mlp(int features, int hiddenFeatures, float dropRate = 0)
    {
        _fc1 = AddChild("fc1", new Linear(features, hiddenFeatures, initialization: Linear.TransformerInitialization));
        _fc2 = AddChild("fc2", new Linear(hiddenFeatures, features, initialization: Linear.TransformerInitialization));
        if (dropRate > 0)
            (_hiddenDropout, _dropout) = (AddChild("drop1", new Dropout(dropRate)), AddChild("drop2", new Dropout(dropRate)));
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => Run(x, null);

    /// <inheritdoc/>
    protected override Tensor RunOnto(Tensor residual, Tensor x) => Run(x, residual);

    private Tensor Run(Tensor x, Tensor? residual)
    {
        if (_hiddenDropout is not { IsActive: true })
            return x.FeedForward(_fc1.Weight, _fc1.Bias, Activation.Gelu, _fc2.Weight, _fc2.Bias, residual);
        Tensor y = _dropout!.Forward(x.FeedForward(_fc1.Weight, _fc1.Bias, Activation.Gelu, _fc2.Weight, _fc2.Bias, dropout: _hiddenDropout.Draws));
        return residual is null ? y : residual + y;
    }
}
