using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Transforms;

/// <summary>
/// RandAugment (Cubuk et al. 2019) as timm 0.4.12 does it: some of fifteen operations are chosen for an image, and each is applied
/// with probability ½ at a strength drawn round the policy's magnitude.
/// </summary>
public sealed class RandAugment : IImageStep
{
    private const double Probability = 0.5;

    private readonly RandAugmentPolicy _policy;
    private readonly RandAugmentOperation[] _operations;
    private readonly FillColor _fill;
    private readonly ResamplingFilter? _filter;

    /// <summary>Makes the step.</summary>
    /// <param name="policy">What is done how strongly.</param>
    /// <param name="fill">What geometric operations fill with.</param>
    /// <param name="filter">The filter of geometric operations, bilinear or bicubic; null draws one of both for each.</param>
    public RandAugment(RandAugmentPolicy policy, FillColor fill, ResamplingFilter? filter = ResamplingFilter.Bicubic)
    {
        if (filter is not (null or ResamplingFilter.Bilinear or ResamplingFilter.Bicubic))
            throw new ArgumentOutOfRangeException(nameof(filter), filter, "Geometric operations interpolate bilinearly or bicubically.");
        _policy = policy;
        _operations = RandAugmentOperation.All(policy.IsIncreasing);
        _fill = fill;
        _filter = filter;
    }

    /// <summary>What is chosen from, in timm's order.</summary>
    public IReadOnlyList<RandAugmentOperation> Operations => _operations;

    /// <inheritdoc/>
    public Image Apply(Image image, IRandomSource random)
    {
        Span<int> chosen = stackalloc int[_policy.Operations];
        Choose(chosen, random);
        Image current = image;
        foreach (int index in chosen)
        {
            if (random.Uniform(0, 1) > Probability)
                continue;
            Image next = Apply(_operations[index], current, random);
            if (!ReferenceEquals(current, image))
                current.Dispose();
            current = next;
        }
        return current;
    }

    private Image Apply(RandAugmentOperation operation, Image image, IRandomSource random)
    {
        double magnitude = _policy.Magnitude;
        if (_policy.MagnitudeStd > 0)
            magnitude = random.Normal(magnitude, _policy.MagnitudeStd);
        magnitude = Math.Clamp(magnitude, 0, RandAugmentPolicy.MaxMagnitude);
        bool isNegated = operation.IsSigned && random.Uniform(0, 1) > 0.5;
        double argument = operation.ArgumentOf(magnitude, isNegated) ?? 0;
        ResamplingFilter filter = _filter ?? (operation.IsGeometric ? Filters.Draw(random) : default);
        return operation.Apply(image, argument, filter, _fill);
    }

    private void Choose(Span<int> chosen, IRandomSource random)
    {
        if (!_policy.IsWeighted)
        {
            foreach (ref int index in chosen)
                index = random.Integer(0, _operations.Length - 1);
            return;
        }
        Span<double> weights = stackalloc double[_operations.Length];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = _operations[i].Weight;
        foreach (ref int index in chosen)
        {
            index = ChooseWeighted(weights, random);
            weights[index] = 0;
        }
    }

    private static int ChooseWeighted(ReadOnlySpan<double> weights, IRandomSource random)
    {
        double total = 0;
        int last = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            total += weights[i];
            last = weights[i] > 0 ? i : last;
        }
        double rest = random.Uniform(0, total);
        for (int i = 0; i < last; i++)
        {
            rest -= weights[i];
            if (rest < 0)
                return i;
        }
        return last;
    }
}
