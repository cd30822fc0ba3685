namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Tokens of a batch of images, one row each: rows and images lie any number of floats apart, so that queries, keys and values
/// may be column slices of one projection.
/// </summary>
/// <param name="data">First float of the first row.</param>
/// <param name="rowStride">Floats from one token to the next.</param>
/// <param name="imageStride">Floats from one image to the next.</param>
internal readonly unsafe struct Rows(float* data, nint rowStride, nint imageStride)
{
    /// <summary>Floats from one token to the next.</summary>
    public nint RowStride { get; } = rowStride;

    /// <summary>Where a channel of a token of an image lies.</summary>
    public float* At(int image, int token, int channel) => data + (image * imageStride) + (token * RowStride) + channel;
}
