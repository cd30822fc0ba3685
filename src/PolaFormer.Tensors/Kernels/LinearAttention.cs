namespace PolaFormer.Tensors.Kernels;

/// <summary>What <see cref="LinearAttention"/> reads.</summary>
internal unsafe struct LinearAttentionInputs
{
    /// <summary>q, k and v; a multiple of four channels a head.</summary>
    public AttentionRows Rows;

    /// <summary>Null, or what is added to the keys of every image: n × C.</summary>
    public float* KeyPosition;

    /// <summary>Null, or a factor of the features of each key: B × n.</summary>
    public float* KeyMask;

    /// <summary>Added to the normaliser.</summary>
    public float Epsilon;

    /// <summary><see cref="LinearAttention.StateLength"/> floats: written by Forward, read by Backward.</summary>
    public float* State;
}

/// <summary>What <see cref="LinearAttention.Backward"/> reads besides the inputs, and writes. All results are overwritten.</summary>
internal unsafe struct LinearAttentionGradients
{
    /// <summary>∂L/∂out (B × N × C) and the results ∂L/∂q (B × N × C), ∂L/∂k and ∂L/∂v (B × n × C).</summary>
    public Rows DOutput, DQ, DK, DV;

    /// <summary>Null, or the result for the map's factors of channels (C), summed over images and tokens of q and k.</summary>
    public float* DScale;

    /// <summary><see cref="LinearAttention.WorkspaceLength"/> floats, contents undefined before and after.</summary>
    public float* Workspace;
}

/// <summary>
/// Linear attention by non-negative features, as many as channels, per image and head:
/// <code>
/// S = Σ m·φ(k)ᵀ·v  (d × d),   z = Σ m·φ(k),   out = φ(q)·S / (φ(q)·z + ε)
/// </code>
/// </summary>
/// <remarks>
/// A map may depend on all channels of a token, so a unit of work is a chunk of an image's tokens with all heads. Features exist
/// only for a block of tokens at a time, in the scratch of a thread; what is kept between passes is S and z.
/// </remarks>
internal static unsafe partial class LinearAttention
{
    /// <summary>Floats of <see cref="LinearAttentionInputs.State"/>.</summary>
    public static long StateLength(int batch, int heads, int headDim, int keys) =>
        (long)batch * LinearAttentionLayout.Chunks(batch, keys) * new LinearAttentionLayout(heads, headDim).State;

    /// <summary>Floats of <see cref="LinearAttentionGradients.Workspace"/>.</summary>
    public static long WorkspaceLength(int batch, int heads, int headDim, int queries, int keys)
    {
        var layout = new LinearAttentionLayout(heads, headDim);
        return ((long)batch * LinearAttentionLayout.Chunks(batch, queries) * (layout.State + layout.Channels))
            + ((long)batch * LinearAttentionLayout.Chunks(batch, keys) * layout.Channels);
    }

    /// <summary>Writes out (B × N × C).</summary>
    public static void Forward<TMap>(in LinearAttentionInputs inputs, TMap map, Rows output) where TMap : unmanaged, IFeatureMap
    {
        switch (Lanes.CountFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16, TMap>.Forward(inputs, map, output); break;
            case 8: Pass<Float32x8, TMap>.Forward(inputs, map, output); break;
            default: Pass<Float32x4, TMap>.Forward(inputs, map, output); break;
        }
    }

    /// <summary>Gradients of q, k, v and the map's factors; the state must be the one that <see cref="Forward"/> left for the same inputs.</summary>
    public static void Backward<TMap>(in LinearAttentionInputs inputs, TMap map, in LinearAttentionGradients gradients) where TMap : unmanaged, IFeatureMap
    {
        switch (Lanes.CountFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16, TMap>.Backward(inputs, map, gradients); break;
            case 8: Pass<Float32x8, TMap>.Backward(inputs, map, gradients); break;
            default: Pass<Float32x4, TMap>.Backward(inputs, map, gradients); break;
        }
    }

    /// <summary>The factors of an image's keys from one on, or null.</summary>
    private static float* MaskAt(in LinearAttentionInputs inputs, int image, int token) =>
        inputs.KeyMask == null ? null : inputs.KeyMask + (((nint)image * inputs.Rows.Keys) + token);

    /// <summary>Whether a block of keys is padding throughout.</summary>
    private static bool IsPadding(float* mask, int rows) => mask != null && !new ReadOnlySpan<float>(mask, rows).ContainsAnyExcept(0f);

    /// <summary>The passes at one vector width with one map.</summary>
    private static partial class Pass<T, TMap>
        where T : unmanaged, IFloat32Vector<T>
        where TMap : unmanaged, IFeatureMap;
}
