namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>What a <see cref="HedgehogFeatures"/> map applies to its projections.</summary>
public enum HedgehogActivation
{
    /// <summary>Softmax over the features.</summary>
    Softmax,

    /// <summary>Exponential, the largest feature being 1.</summary>
    Exp,
}
