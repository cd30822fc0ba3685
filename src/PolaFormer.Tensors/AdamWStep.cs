namespace PolaFormer.Tensors;

/// <summary>What all parameters of a step of AdamW (Loshchilov and Hutter 2019) share.</summary>
/// <param name="Beta1">Decay of the mean of the gradients.</param>
/// <param name="Beta2">Decay of the mean of their squares.</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="Step">Number of this step, from 1.</param>
/// <param name="GradientScale">Factor on the gradients.</param>
public readonly record struct AdamWStep(double Beta1, double Beta2, double Epsilon, long Step, float GradientScale = 1)
{
    /// <summary>Floats that <see cref="WriteRates"/> writes.</summary>
    public const int RateCount = 5;

    /// <summary>What changes of a parameter's update from step to step: rate / (1 − β₁ᵗ), 1 − rate·decay, β₁, 1 − β₁, √(1 − β₂ᵗ).</summary>
    /// <param name="learningRate">Step size of the parameter.</param>
    /// <param name="weightDecay">Its decay.</param>
    /// <param name="rates"><see cref="RateCount"/> floats, overwritten.</param>
    public void WriteRates(double learningRate, double weightDecay, Span<float> rates)
    {
        rates[0] = (float)(learningRate / (1 - Math.Pow(Beta1, Step)));
        rates[1] = (float)(1 - (learningRate * weightDecay));
        rates[2] = (float)Beta1;
        rates[3] = (float)(1 - Beta1);
        rates[4] = (float)Math.Sqrt(1 - Math.Pow(Beta2, Step));
    }
}
