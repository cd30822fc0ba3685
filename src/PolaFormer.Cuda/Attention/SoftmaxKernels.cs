using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Attention;

/// <summary>
/// Softmax attention in blocks, forward and backward, no matrix of queries × keys in memory. Formulas stand in softmax_attention.cu.
/// </summary>
internal static class SoftmaxKernels
{
    private const string Module = "softmax_attention";
    private const int Tile = 64, Step = 32, Threads = 128, MostHeadDim = 64;

    /// <summary>Whether there are kernels for such heads.</summary>
    public static bool Supports(int headDim) => headDim is > 0 and <= MostHeadDim;

    /// <summary>Floats that the forward pass leaves for the backward pass.</summary>
    public static long StateFloats(int batch, int heads, int queries) => 2L * batch * heads * queries;

    /// <summary>Floats of workspace that <see cref="Backward"/> needs.</summary>
    public static long BackwardWorkspace(in SoftmaxArguments arguments) => (long)arguments.Batch * arguments.Heads * arguments.Queries;

    /// <summary>Writes <c>Out</c> and the state.</summary>
    public static void Forward(IKernelQueue queue, in SoftmaxArguments arguments) =>
        Launch(queue, "attend", Blocks(arguments, arguments.Queries), Shared(arguments, tiles: 1), arguments);

    /// <summary>Writes the gradients. <c>Out</c> and the state are those of the forward pass.</summary>
    public static void Backward(IKernelQueue queue, SoftmaxArguments arguments, nint workspace)
    {
        arguments.Delta = workspace;
        queue.Launch(Module, "sum_rows_float", LaunchShape.Rows(queue, BackwardWorkspace(arguments)), LaunchShape.Threads, 0, arguments);
        int shared = Shared(arguments, tiles: 2);
        Launch(queue, "query_gradient", Blocks(arguments, arguments.Queries), shared, arguments);
        Launch(queue, "key_gradients", Blocks(arguments, arguments.Keys), shared, arguments);
        if (arguments.DBias != 0)
        {
            long steps = (arguments.Keys + Step - 1) / Step;
            Launch(queue, "bias_gradient", arguments.Heads * ((arguments.Queries + Tile - 1) / Tile) * steps, shared, arguments);
        }
    }

    private static long Blocks(in SoftmaxArguments arguments, int rows) => (long)arguments.Batch * arguments.Heads * ((rows + Tile - 1) / Tile);

    private static int Padded(in SoftmaxArguments arguments) => arguments.HeadDim <= 32 ? 32 : 64;

    // Three planes of bfloat16 of so many tiles, and of two steps.
    private static int Shared(in SoftmaxArguments arguments, int tiles) => 3 * 2 * ((tiles * Tile) + (2 * Step)) * (Padded(arguments) + 8);

    private static void Launch(IKernelQueue queue, string kernel, long blocks, int shared, in SoftmaxArguments arguments) =>
        queue.Launch(Module, $"{kernel}_float_{Padded(arguments)}", blocks, Threads, shared, arguments);
}
