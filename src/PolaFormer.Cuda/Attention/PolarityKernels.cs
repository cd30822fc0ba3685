using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Attention;

/// <summary>
/// Polarity-aware linear attention in fused kernels: one pass over the keys and one over the queries, forward and backward, no
/// tensor of features in memory. Formulas and layout stand in polarity.h.
/// </summary>
internal static class PolarityKernels
{
    private const int ChannelThreads = 1024;

    /// <summary>
    /// Writes <c>Out</c> and the state. Of <paramref name="arguments"/>, the rows, the parameters and the state are the caller's to
    /// set; <paramref name="workspace"/> has <see cref="PolarityProblem.ForwardWorkspace"/> floats.
    /// </summary>
    public static void Forward(IKernelQueue queue, in PolarityProblem problem, PolarityArguments arguments, nint workspace)
    {
        Complete(problem, ref arguments, backward: false);
        arguments.Partial = problem.KeyChunks == 1 ? arguments.State : workspace;
        arguments.ChunkTokens = problem.KeyChunkTokens;
        queue.Launch(problem.Module, "keys", (long)problem.Pairs * problem.KeyChunks, problem.Threads, problem.KeysShared, arguments);
        Add(queue, problem, arguments.Partial, arguments.State, problem.KeyChunks);
        arguments.ChunkTokens = problem.QueryChunkTokens;
        queue.Launch(problem.Module, "queries", (long)problem.Pairs * problem.QueryChunks, problem.NarrowThreads, problem.QueriesShared, arguments);
    }

    /// <summary>
    /// Writes the gradients but for the position's, which is the keys' summed over images. <c>Out</c> and the state are those of the
    /// forward pass; <paramref name="workspace"/> has <see cref="PolarityProblem.BackwardWorkspace"/> floats.
    /// </summary>
    public static void Backward(IKernelQueue queue, in PolarityProblem problem, PolarityArguments arguments, nint workspace)
    {
        Complete(problem, ref arguments, backward: true);
        nint gradient = workspace;
        arguments.QuerySums = gradient + (nint)(problem.StateFloats * sizeof(float));
        arguments.KeySums = arguments.QuerySums + ((nint)problem.Pairs * problem.QueryChunks * 2 * problem.Padded * sizeof(float));
        arguments.Partial = problem.QueryChunks == 1
            ? gradient
            : arguments.KeySums + ((nint)problem.Pairs * problem.KeyChunks * 2 * problem.Padded * sizeof(float));
        arguments.ChunkTokens = problem.QueryChunkTokens;
        queue.Launch(problem.Module, "query_gradients", (long)problem.Pairs * problem.QueryChunks, problem.Threads, problem.QueryGradientsShared, arguments);
        Add(queue, problem, arguments.Partial, gradient, problem.QueryChunks);
        arguments.State = gradient;
        arguments.ChunkTokens = problem.KeyChunkTokens;
        queue.Launch(problem.Module, "key_gradients", (long)problem.Pairs * problem.KeyChunks, problem.NarrowThreads, problem.KeyGradientsShared, arguments);
        queue.Launch(problem.Module, "channel_gradients", problem.Heads, ChannelThreads, ChannelThreads * sizeof(float), arguments);
    }

    private static void Complete(in PolarityProblem problem, ref PolarityArguments arguments, bool backward)
    {
        (arguments.Batch, arguments.Heads, arguments.HeadDim) = (problem.Batch, problem.Heads, problem.HeadDim);
        (arguments.Queries, arguments.Keys) = (problem.Queries, problem.Keys);
        (arguments.QueryChunks, arguments.KeyChunks) = (problem.QueryChunks, problem.KeyChunks);
        int bytes = problem.ElementBytes;
        bool aligned = problem.HeadDim == problem.Padded;
        foreach (RowsOnDevice rows in (ReadOnlySpan<RowsOnDevice>)[arguments.Q, arguments.K, arguments.V, arguments.Position, arguments.Out])
            aligned &= rows.IsAligned(bytes);
        if (backward)
        {
            foreach (RowsOnDevice rows in (ReadOnlySpan<RowsOnDevice>)[arguments.DOut, arguments.DQ, arguments.DK, arguments.DV])
                aligned &= rows.IsAligned(bytes);
        }

        arguments.Wide = aligned ? 1 : 0;
    }

    private static void Add(IKernelQueue queue, in PolarityProblem problem, nint parts, nint sums, int chunks)
    {
        if (chunks == 1)
            return;
        SumKernel.Run(queue, parts, sums, problem.Pairs, problem.StateLength, chunks);
    }
}
