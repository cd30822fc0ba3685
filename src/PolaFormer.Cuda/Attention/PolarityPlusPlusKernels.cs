using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Attention;

/// <summary>
/// The linear attention of PolaFormer++ in fused kernels: one pass over the keys and one over the queries, forward and backward, no
/// tensor of features in memory. Formulas stand in polarity_pp.h.
/// </summary>
internal static class PolarityPlusPlusKernels
{
    private const int TemperatureThreads = 1024, LeastPadded = 32;

    /// <summary>Whether there are kernels for such heads.</summary>
    public static bool Supports(StorageType type, int headDim) => PolarityProblem.Supports(type, headDim);

    /// <summary>The sizes of one attention; there are as many queries as keys.</summary>
    public static PolarityProblem Problem(StorageType type, int batch, int heads, int headDim, int tokens, int multiprocessors) => Supports(type, headDim)
        ? new PolarityProblem(type, batch, heads, headDim, tokens, tokens, multiprocessors, LeastPadded)
        : throw new ArgumentException($"No kernel takes heads of {headDim} channels in {type}.", nameof(headDim));

    /// <summary>
    /// Writes <c>Out</c> and the state. Of <paramref name="arguments"/>, the rows, the temperatures, the tables and the state are the
    /// caller's to set; <paramref name="workspace"/> has <see cref="PolarityProblem.ForwardWorkspace"/> floats.
    /// </summary>
    public static void Forward(IKernelQueue queue, in PolarityProblem problem, PolarityPlusPlusArguments arguments, nint workspace)
    {
        Complete(problem, ref arguments, backward: false);
        arguments.Partial = problem.KeyChunks == 1 ? arguments.State : workspace;
        long blocks = (long)problem.Pairs * problem.KeyChunks;
        queue.Launch(Module(problem), "keys", blocks, problem.Threads, problem.KeysShared, arguments);
        Add(queue, problem, arguments.Partial, arguments.State);
        queue.Launch(Module(problem), "queries", blocks, problem.NarrowThreads, problem.QueriesShared, arguments);
    }

    /// <summary>
    /// Writes the gradients. <c>Out</c> and the state are those of the forward pass; <paramref name="workspace"/> has
    /// <see cref="PolarityProblem.BackwardWorkspace"/> floats.
    /// </summary>
    public static void Backward(IKernelQueue queue, in PolarityProblem problem, PolarityPlusPlusArguments arguments, nint workspace)
    {
        Complete(problem, ref arguments, backward: true);
        nint sums = problem.Pairs * problem.KeyChunks * 2 * problem.Padded * sizeof(float), gradient = workspace;
        arguments.SameSums = gradient + (nint)(problem.StateFloats * sizeof(float));
        arguments.OppositeSums = arguments.SameSums + sums;
        arguments.Partial = problem.KeyChunks == 1 ? gradient : arguments.OppositeSums + sums;
        long blocks = (long)problem.Pairs * problem.KeyChunks;
        queue.Launch(Module(problem), "query_gradients", blocks, problem.Threads, problem.QueryGradientsShared, arguments);
        Add(queue, problem, arguments.Partial, gradient);
        arguments.State = gradient;
        queue.Launch(Module(problem), "key_gradients", blocks, problem.NarrowThreads, problem.KeyGradientsShared, arguments);
        queue.Launch(Module(problem), "temperature_gradients", 2 * problem.Heads, TemperatureThreads, TemperatureThreads * sizeof(float), arguments);
    }

    private static string Module(in PolarityProblem problem) => problem.Module.Replace("polarity_", "polarity_pp_", StringComparison.Ordinal);

    private static void Complete(in PolarityProblem problem, ref PolarityPlusPlusArguments arguments, bool backward)
    {
        (arguments.Batch, arguments.Heads, arguments.HeadDim) = (problem.Batch, problem.Heads, problem.HeadDim);
        (arguments.Tokens, arguments.Chunks, arguments.ChunkTokens) = (problem.Keys, problem.KeyChunks, problem.KeyChunkTokens);
        int bytes = problem.ElementBytes;
        bool aligned = problem.HeadDim == problem.Padded && (arguments.Same | arguments.Opposite | arguments.Sin | arguments.Cos) % 16 == 0;
        foreach (RowsOnDevice rows in (ReadOnlySpan<RowsOnDevice>)[arguments.Q, arguments.K, arguments.V, arguments.Out])
            aligned &= rows.IsAligned(bytes);
        if (backward)
        {
            foreach (RowsOnDevice rows in (ReadOnlySpan<RowsOnDevice>)[arguments.DOut, arguments.DQ, arguments.DK, arguments.DV])
                aligned &= rows.IsAligned(bytes);
        }

        arguments.Wide = aligned ? 1 : 0;
    }

    private static void Add(IKernelQueue queue, in PolarityProblem problem, nint parts, nint sums)
    {
        if (problem.KeyChunks > 1)
            SumKernel.Run(queue, parts, sums, problem.Pairs, problem.StateLength, problem.KeyChunks);
    }
}
