namespace PolaFormer.NN;

/// <summary>What an entry of a state dict is beside its values, given where a module adds it.</summary>
[Flags]
public enum StateTraits
{
    /// <summary>Learned, or a statistic.</summary>
    None = 0,

    /// <summary>Exempt from weight decay.</summary>
    NoDecay = 1,

    /// <summary>Learned for the places of a square grid, maybe behind a few tokens, so that it can be interpolated to another: (1, N, C), or a table (N, heads).</summary>
    Positions = 2,

    /// <summary>Without influence on results, or computed from the shape: a file may lack it.</summary>
    Optional = 4,

    /// <summary>A constant that the module computes for itself: a file's values are not read.</summary>
    Derived = 8 | Optional,
}
