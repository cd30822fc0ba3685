using PolaFormer.NN;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// mmcv's parameter-wise options: the first key that a parameter's name contains, longer keys before shorter and equal lengths by
/// alphabet, gives factors of its learning rate and weight decay.
/// </summary>
/// <param name="keys">Factors by key.</param>
public sealed class CustomKeys(IReadOnlyDictionary<string, CustomKey> keys)
{
    private readonly (string Key, CustomKey Factors)[] _ordered =
        [.. keys.OrderByDescending(entry => entry.Key.Length).ThenBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value))];

    /// <summary>The factors of a parameter.</summary>
    /// <param name="name">Its full name.</param>
    public CustomKey Of(string name)
    {
        foreach ((string key, CustomKey factors) in _ordered)
        {
            if (name.Contains(key, StringComparison.Ordinal))
                return factors;
        }

        return new CustomKey();
    }

    /// <summary>The parameters that learn, those of equal factors together.</summary>
    /// <param name="model">The network.</param>
    /// <param name="weightDecay">Decay at a factor of 1.</param>
    public IReadOnlyList<ParameterGroup> Split(Module model, double weightDecay) =>
    [
        .. model.NamedParameters().Where(entry => entry.Parameter.RequiresGrad)
            .GroupBy(entry => Of(entry.Name))
            .Select(group => new ParameterGroup([.. group], weightDecay * group.Key.DecayFactor, group.Key.RateFactor)),
    ];
}
