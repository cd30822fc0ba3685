namespace PolaFormer.NN;

/// <summary>Norms that may follow a convolution.</summary>
public enum NormKind
{
    /// <summary>None; the convolution has a bias then.</summary>
    None,

    /// <summary>Batch norm.</summary>
    Batch,

    /// <summary>Group norm.</summary>
    Group,
}
