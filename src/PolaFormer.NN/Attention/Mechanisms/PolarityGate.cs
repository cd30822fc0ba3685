namespace PolaFormer.NN.Attention.Mechanisms;

/// <summary>The coefficients G of polarity attention, which weigh same- and opposite-signed streams against each other.</summary>
public enum PolarityGate
{
    /// <summary>Projected from the tokens beside the queries, as the authors' code does.</summary>
    Projected,

    /// <summary>A learned matrix, one coefficient for each token and channel, as the paper writes it.</summary>
    Learned,

    /// <summary>None.</summary>
    Off,
}
