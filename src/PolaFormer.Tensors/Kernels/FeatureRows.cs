namespace PolaFormer.Tensors.Kernels;

/// <summary>A block of tokens, all their channels, whose features are computed.</summary>
internal unsafe struct FeatureRows
{
    /// <summary>Tokens, and channels of each.</summary>
    public int Count, Channels;

    /// <summary>The first token, and floats from one to the next.</summary>
    public float* X;
    public nint Stride;

    /// <summary>Null, or what is added to the tokens: rows of <see cref="Channels"/> floats.</summary>
    public float* Position;

    /// <summary>Where the features go, and floats from one token's to the next.</summary>
    public float* Features;
    public nint FeatureStride;
}
