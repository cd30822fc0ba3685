namespace PolaFormer.Tensors.Kernels;

/// <summary>What <see cref="PolarityAttentionPlusPlus"/> reads.</summary>
internal unsafe struct PolarityAttentionPlusPlusInputs
{
    /// <summary>q, k and v; an even number of channels a head, as many keys as queries.</summary>
    public AttentionRows Rows;

    /// <summary>Temperatures t = sigmoid(s₁) of [q₊, q₋] and sigmoid(s₂) of [q₋, q₊]: heads × 2d each.</summary>
    public float* Same, Opposite;

    /// <summary>Tables of the rotary encoding, N × 2d, for the front and the back features.</summary>
    public float* Sin, Cos;

    /// <summary><see cref="PolarityAttentionPlusPlus.StateLength"/> floats: written by Forward, read by Backward.</summary>
    public float* State;
}

/// <summary>What <see cref="PolarityAttentionPlusPlus.Backward"/> reads besides the inputs, and writes. All results are overwritten.</summary>
internal unsafe struct PolarityAttentionPlusPlusGradients
{
    /// <summary>∂L/∂out and the results ∂L/∂q, ∂L/∂k and ∂L/∂v (all B × N × C).</summary>
    public Rows DOutput, DQ, DK, DV;

    /// <summary>Results ∂L/∂t of both temperatures (heads × 2d each), summed over images and tokens.</summary>
    public float* DSame, DOpposite;

    /// <summary><see cref="PolarityAttentionPlusPlus.WorkspaceLength"/> floats, contents undefined before and after.</summary>
    public float* Workspace;
}

/// <summary>The linear attention of PolaFormer++, fused, linear in the number of tokens.</summary>
/// <remarks>
/// Per image and head, R the rotary encoding, x₊ = max(x, 0), x₋ = max(−x, 0), features of a front and a back half:
/// <code>
/// f = exp([q₊, q₋]·t₁) − 1,     f' = exp([q₋, q₊]·t₂) − 1,     κ = exp([k₊, k₋]) − 1
/// S = (R κ)ᵀ·v / n     2d × d,     m = mean over tokens of κ
/// out[:, :d/2] = (R f)·S[:, :d/2] / (f·m + 1e-6),     out[:, d/2:] = (R f')·S[:, d/2:] / (f'·m + 1e-6)
/// </code>
/// As the authors have it, exp(x) − 1 is computed as written and the denominator uses the unrotated features. Half of all
/// features are exactly 0, so one exponential is used for a front and a back feature. Features exist for a block of tokens only.
/// </remarks>
internal static unsafe partial class PolarityAttentionPlusPlus
{
    /// <summary>Floats of <see cref="PolarityAttentionPlusPlusInputs.State"/>.</summary>
    public static long StateLength(int batch, int heads, int headDim, int tokens) =>
        (long)batch * heads * PolarityLayout.Chunks(batch * heads, tokens) * new PolarityPlusPlusLayout(headDim).State;

    /// <summary>Floats of <see cref="PolarityAttentionPlusPlusGradients.Workspace"/>.</summary>
    public static long WorkspaceLength(int batch, int heads, int headDim, int tokens) =>
        (long)batch * heads * PolarityLayout.Chunks(batch * heads, tokens) * new PolarityPlusPlusLayout(headDim).QueryUnit;

    /// <summary>Writes out (B × N × C).</summary>
    public static void Forward(in PolarityAttentionPlusPlusInputs inputs, Rows output)
    {
        switch (PolarityPlusPlusLayout.LanesFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16>.Forward(inputs, output); break;
            case 8: Pass<Float32x8>.Forward(inputs, output); break;
            default: Pass<Float32x4>.Forward(inputs, output); break;
        }
    }

    /// <summary>
    /// Gradients of q, k, v and the temperatures, by recomputing features block by block; the state must be the one that
    /// <see cref="Forward"/> left for the same inputs.
    /// </summary>
    public static void Backward(in PolarityAttentionPlusPlusInputs inputs, in PolarityAttentionPlusPlusGradients gradients)
    {
        switch (PolarityPlusPlusLayout.LanesFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16>.Backward(inputs, gradients); break;
            case 8: Pass<Float32x8>.Backward(inputs, gradients); break;
            default: Pass<Float32x4>.Backward(inputs, gradients); break;
        }
    }

    /// <summary>The passes at one vector width.</summary>
    private static partial class Pass<T> where T : unmanaged, IFloat32Vector<T>;
}
