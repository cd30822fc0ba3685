namespace PolaFormer.Tensors.Kernels;

/// <summary>What <see cref="PolarityAttention"/> reads.</summary>
internal unsafe struct PolarityAttentionInputs
{
    /// <summary>q, k and v; at least 2 channels a head.</summary>
    public AttentionRows Rows;

    /// <summary>Null, or the positional encoding added to k: n × C, contiguous, shared by the images.</summary>
    public float* KeyPosition;

    /// <summary>Null, or a factor of each key (B × n, contiguous): 0 for padding, else 1.</summary>
    public float* KeyMask;

    /// <summary>Per channel (C): 1/softplus(scale), and the exponent p ≥ 1.</summary>
    public float* InverseScale, Power;

    /// <summary><see cref="PolarityAttention.StateLength"/> floats: written by Forward, read by Backward.</summary>
    public float* State;
}

/// <summary>What <see cref="PolarityAttention.Backward"/> reads besides the inputs, and writes. All results are overwritten.</summary>
internal unsafe struct PolarityAttentionGradients
{
    /// <summary>∂L/∂out (B × N × C) and the results ∂L/∂q (B × N × C), ∂L/∂k and ∂L/∂v (B × n × C).</summary>
    public Rows DOutput, DQ, DK, DV;

    /// <summary>Results per channel (C), summed over images and tokens of q and k.</summary>
    public float* DInverseScale, DPower;

    /// <summary><see cref="PolarityAttention.WorkspaceLength"/> floats, contents undefined before and after.</summary>
    public float* Workspace;
}

/// <summary>
/// Polarity-aware linear attention (PolaFormer, PVT and Swin), fused, linear in the number of tokens.
/// </summary>
/// <remarks>
/// Per image and head, with q̃ = q·s and k̃ = (k + position)·s, or 0 for padding:
/// <code>
/// φ(x) = [max(x, 0)^p, max(−x, 0)^p]                 2d wide; ψ(x) has the halves exchanged
/// S = φ(k̃)ᵀ·v / n     2d × d,     m = mean over tokens of φ(k̃)
/// out[:, :h] = φ(q̃)·S[:, :h] / (φ(q̃)·m + 1e-6),     out[:, h:] = ψ(q̃)·S[:, h:] / (ψ(q̃)·m + 1e-6),     h = ⌈d/2⌉
/// </code>
/// |x|^p is computed once and routed by sign. At x = 0 the value and both its gradients are exactly 0. Features exist
/// only for a block of tokens at a time, in the scratch of a thread; what is kept between passes is S and m. Since
/// ψ(q̃)·A = φ(q̃)·(A with its row halves exchanged), S is stored with the rows of its right half exchanged (the
/// "readout" W), and one product of φ(q̃) with W reads both halves.
/// </remarks>
internal static unsafe partial class PolarityAttention
{
    /// <summary>Added to the denominator, which is a mean over tokens, not a sum (as the authors do).</summary>
    internal const float Epsilon = 1e-6f;

    /// <summary>Floats of <see cref="PolarityAttentionInputs.State"/>.</summary>
    public static long StateLength(int batch, int heads, int headDim, int keys)
    {
        var layout = new PolarityLayout(headDim);
        return (long)batch * heads * PolarityLayout.Chunks(batch * heads, keys) * layout.State;
    }

    /// <summary>Floats of <see cref="PolarityAttentionGradients.Workspace"/>.</summary>
    public static long WorkspaceLength(int batch, int heads, int headDim, int queries, int keys)
    {
        var layout = new PolarityLayout(headDim);
        long pairs = (long)batch * heads;
        return (pairs * PolarityLayout.Chunks(batch * heads, queries) * (layout.State + (2 * layout.Padded)))
            + (pairs * PolarityLayout.Chunks(batch * heads, keys) * 2 * layout.Padded);
    }

    /// <summary>Writes out (B × N × C).</summary>
    public static void Forward(in PolarityAttentionInputs inputs, Rows output)
    {
        switch (Lanes.CountFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16>.Forward(inputs, output); break;
            case 8: Pass<Float32x8>.Forward(inputs, output); break;
            default: Pass<Float32x4>.Forward(inputs, output); break;
        }
    }

    /// <summary>
    /// Gradients of q, k, v, 1/softplus(scale) and p, by recomputing features block by block; the state must be the one
    /// that <see cref="Forward"/> left for the same inputs.
    /// </summary>
    public static void Backward(in PolarityAttentionInputs inputs, in PolarityAttentionGradients gradients)
    {
        switch (Lanes.CountFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16>.Backward(inputs, gradients); break;
            case 8: Pass<Float32x8>.Backward(inputs, gradients); break;
            default: Pass<Float32x4>.Backward(inputs, gradients); break;
        }
    }

    /// <summary>The factors of an image's keys from one on, or null.</summary>
    private static float* MaskAt(in PolarityAttentionInputs inputs, int image, int token) =>
        inputs.KeyMask == null ? null : inputs.KeyMask + (((nint)image * inputs.Rows.Keys) + token);

    /// <summary>Whether a block of keys is padding throughout.</summary>
    private static bool IsPadding(float* mask, int rows) => mask != null && !new ReadOnlySpan<float>(mask, rows).ContainsAnyExcept(0f);

    /// <summary>The passes at one vector width.</summary>
    private static partial class Pass<T> where T : unmanaged, IFloat32Vector<T>;
}
