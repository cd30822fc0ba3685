namespace PolaFormer.Cuda;

/// <summary>How a kernel's tensors are stored; sums are in float in both.</summary>
internal enum StorageType
{
    /// <summary>32 bits.</summary>
    Float,

    /// <summary>The upper 16 of them.</summary>
    BFloat16,

    /// <summary>32 bits, which products round to bfloat16.</summary>
    Rounded,
}
