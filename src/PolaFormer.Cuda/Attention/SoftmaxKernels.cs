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
    public static void Forward(IKernelQueue queue, StorageType type, in SoftmaxArguments arguments) =>
        Launch(queue, type, "attend", Blocks(arguments, arguments.Queries), Shared(type, arguments, tiles: 1), arguments);

    /// <summary>Writes the gradients. <c>Out</c> and the state are those of the forward pass.</summary>
    public static void Backward(IKernelQueue queue, StorageType type, SoftmaxArguments arguments, nint workspace)
    {
        arguments.Delta = workspace;
        queue.Launch(Module, "sum_rows_float", LaunchShape.Rows(queue, BackwardWorkspace(arguments)), LaunchShape.Threads, 0, arguments);
        int shared = Shared(type, arguments, tiles: 2);
        Launch(queue, type, "query_gradient", Blocks(arguments, arguments.Queries), shared, arguments);
        Launch(queue, type, "key_gradients", Blocks(arguments, arguments.Keys), shared, arguments);
        if (arguments.DBias != 0)
        {
            long steps = (arguments.Keys + Step - 1) / Step;
            Launch(queue, type, "bias_gradient", arguments.Heads * ((arguments.Queries + Tile - 1) / Tile) * steps, shared, arguments);
        }
    }

    private static long Blocks(in SoftmaxArguments arguments, int rows) => (long)arguments.Batch * arguments.Heads * ((rows + Tile - 1) / Tile);

    private static int Padded(in SoftmaxArguments arguments) => arguments.HeadDim <= 32 ? 32 : 64;

    // Planes of bfloat16, three of a float, of so many tiles and of two steps.
    private static int Shared(StorageType type, in SoftmaxArguments arguments, int tiles) => (type == StorageType.Float ? 3 : 1) * 2 * ((tiles * Tile) + (2 * Step)) * (Padded(arguments) + 8);

    private static void Launch(IKernelQueue queue, StorageType type, string kernel, long blocks, int shared, in SoftmaxArguments arguments) =>
        queue.Launch(Module, $"{kernel}_{LaunchShape.Suffix(type)}_{Padded(arguments)}", blocks, Threads, shared, arguments);
}
