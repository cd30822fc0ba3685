namespace PolaFormer.Tensors;

/// <summary>What a reduction makes of many elements.</summary>
public enum ReduceFunction
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The largest.</summary>
    Max,
}
