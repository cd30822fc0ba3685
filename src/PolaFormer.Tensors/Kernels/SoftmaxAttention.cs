using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Kernels;

/// <summary>What <see cref="SoftmaxAttention"/> reads.</summary>
internal unsafe struct SoftmaxAttentionInputs
{
    /// <summary>q, k and v.</summary>
    public AttentionRows Rows;

    /// <summary>Factor of q·kᵀ.</summary>
    public float Scale;

    /// <summary>Null, or what is added to the scores of every image: heads × N × n, contiguous.</summary>
    public float* Bias;

    /// <summary>Null, or what is added to the scores of every head: groups × rows × n with N rows, or one for all queries; image b takes group b mod groups.</summary>
    public float* Mask;

    public int MaskGroups, MaskRows;

    /// <summary>
    /// Chance that a weight is dropped; the others are divided by its complement. Weight i of (B, heads, N, n) takes the generator's
    /// uniform number i.
    /// </summary>
    public float DropProbability;

    public Philox Generator;

    /// <summary><see cref="SoftmaxAttention.StateLength"/> floats: written by Forward, read by Backward.</summary>
    public float* State;
}

/// <summary>What <see cref="SoftmaxAttention.Backward"/> reads besides the inputs, and writes. All results are overwritten.</summary>
internal unsafe struct SoftmaxAttentionGradients
{
    /// <summary>∂L/∂out (B × N × C) and the results ∂L/∂q (B × N × C), ∂L/∂k and ∂L/∂v (B × n × C).</summary>
    public Rows DOutput, DQ, DK, DV;

    /// <summary>Null, or the result ∂L/∂bias (heads × N × n), summed over images.</summary>
    public float* DBias;

    /// <summary><see cref="SoftmaxAttention.WorkspaceLength"/> floats, contents undefined before and after.</summary>
    public float* Workspace;
}

/// <summary>
/// out = softmax(scale·q·kᵀ + bias + mask)·v per image and head, a block of query rows at a time: no N × n matrix of the
/// whole batch exists. Backward computes the probabilities again from the saved maximum and sum of each row.
/// </summary>
internal static unsafe partial class SoftmaxAttention
{
    /// <summary>What is added to the score of a key that no query sees. Its weight is 0 in float32 unless scores differ by as much.</summary>
    private const float Excluding = -1e5f;

    /// <summary>Floats of <see cref="SoftmaxAttentionInputs.State"/>: maximum and 1/sum of each row of scores.</summary>
    public static long StateLength(int batch, int heads, int queries) => 2L * batch * heads * queries;

    /// <summary>Floats of <see cref="SoftmaxAttentionGradients.Workspace"/>.</summary>
    public static long WorkspaceLength(int batch, int heads, int headDim, int queries, int keys, bool biasGradient)
    {
        var layout = new SoftmaxLayout(batch, heads, headDim, queries, keys, biasGradient);
        return layout.BiasWorkspace + layout.KeyWorkspace;
    }

    /// <summary>Writes out (B × N × C).</summary>
    public static void Forward(in SoftmaxAttentionInputs inputs, Rows output)
    {
        switch (Lanes.CountFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16>.Forward(inputs, output); break;
            case 8: Pass<Float32x8>.Forward(inputs, output); break;
            default: Pass<Float32x4>.Forward(inputs, output); break;
        }
    }

    /// <summary>Gradients of q, k, v and bias; the state must be the one that <see cref="Forward"/> left for the same inputs.</summary>
    public static void Backward(in SoftmaxAttentionInputs inputs, in SoftmaxAttentionGradients gradients)
    {
        switch (Lanes.CountFor(inputs.Rows.HeadDim))
        {
            case 16: Pass<Float32x16>.Backward(inputs, gradients); break;
            case 8: Pass<Float32x8>.Backward(inputs, gradients); break;
            default: Pass<Float32x4>.Backward(inputs, gradients); break;
        }
    }

    /// <summary>Factors of a query's weights: 0 for one that is dropped.</summary>
    private static void DrawFactors<T>(in SoftmaxAttentionInputs inputs, int image, int head, int query, int keys, float* factors) where T : unmanaged, IFloat32Vector<T>
    {
        ulong first = (ulong)((((((long)image * inputs.Rows.Heads) + head) * inputs.Rows.Queries) + query) * inputs.Rows.Keys);
        inputs.Generator.FillUniform(new Span<float>(factors, keys), first);
        T probability = T.Create(inputs.DropProbability), kept = T.Create(1 / (1 - inputs.DropProbability));
        for (int j = 0; j < keys; j += T.Count)
            T.Store(T.Select(T.LessThan(T.Load(factors + j), probability), T.Zero, kept), factors + j);
    }

    /// <summary>
    /// The keys of an image up to the last one that no mask of all queries excludes: those behind weigh exactly 0. All of them where
    /// none is left.
    /// </summary>
    private static int KeysSeen(in SoftmaxAttentionInputs inputs, int image)
    {
        if (inputs.Mask == null || inputs.MaskRows != 1)
            return inputs.Rows.Keys;
        float* mask = inputs.Mask + ((nint)(image % inputs.MaskGroups) * inputs.Rows.Keys);
        int seen = inputs.Rows.Keys;
        while (seen > 0 && mask[seen - 1] <= Excluding)
            seen--;
        return seen > 0 ? seen : inputs.Rows.Keys;
    }

    /// <summary>The passes at one vector width.</summary>
    private static partial class Pass<T> where T : unmanaged, IFloat32Vector<T>;
}
