using PolaFormer.Tensors;

namespace PolaFormer.NN;

/// <summary>Group normalisation of channels-last images: each image and group of neighbouring channels by its own mean and variance (Wu and He, 2018, https://arxiv.org/abs/1803.08494).</summary>
public sealed class GroupNorm : Module
{
    private readonly Parameter _weight, _bias;
    private readonly int _groups;
    private readonly float _eps;

    /// <summary>Makes the layer.</summary>
    /// <param name="groups">Groups, a divisor of the channels.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="eps">Added to the variance; PyTorch's default is 1e-5.</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public GroupNorm(int groups, int channels, float eps = 1e-5f)
    {
        if (groups < 1 || channels % groups != 0)
            throw new ArgumentException($"{groups} groups do not divide {channels} channels.");
        (_groups, _eps) = (groups, eps);
        _weight = AddParameter("weight", [channels], Initializer.Ones);
        _bias = AddParameter("bias", [channels], Initializer.Zeros);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => x.GroupNorm(_groups, _weight, _bias, _eps);
}
