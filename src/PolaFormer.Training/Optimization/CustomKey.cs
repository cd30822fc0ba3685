namespace PolaFormer.Training.Optimization;

/// <summary>Factors of some parameters.</summary>
/// <param name="RateFactor">Of the learning rate (lr_mult).</param>
/// <param name="DecayFactor">Of the weight decay (decay_mult).</param>
public readonly record struct CustomKey(double RateFactor = 1, double DecayFactor = 1)
{
    /// <summary>No change.</summary>
    public CustomKey()
        : this(1, 1)
    {
    }
}
