using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>
/// Dropout of whole channels (PyTorch's Dropout2d): in training every channel of every image is zeroed with the given probability
/// and the others are divided by the probability to stay; in evaluation the input passes unchanged. Draws depend on seed, module
/// name, step, image and channel (<see cref="RandomStep"/>).
/// </summary>
/// <param name="probability">Chance that a channel is zeroed, in [0, 1).</param>
public sealed class ChannelDropout(float probability) : Module
{
    /// <summary>Chance that a channel is zeroed.</summary>
    public float Probability => probability;

    /// <summary>The uniform draws of every forward pass, one an image and channel; null for those of <see cref="RandomStep"/>.</summary>
    internal float[]? Draws { get; set; }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x)
    {
        if (!IsTraining || probability <= 0)
            return x;
        (int batch, int channels) = (x.Shape[0], x.Shape[-1]);
        Shape shape = [batch, 1, 1, channels];
        Tensor draws = Draws is null ? Tensor.Empty(shape, device: x.Device) : Tensor.From(Draws.AsSpan(0, batch * channels), shape, x.Device);
        if (Draws is null)
            draws.FillUniform(RandomStep.Current.Generator(HashOf(FullName)), 0, 1);
        return x * (draws.Compare(Comparison.GreaterOrEqual, probability) * (1 / (1 - probability)));
    }
}
