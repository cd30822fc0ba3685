namespace PolaFormer.Cuda.Core;

/// <summary>How the kernels of this folder are spread over a GPU.</summary>
internal static class LaunchShape
{
    /// <summary>Threads of a block.</summary>
    public const int Threads = 256;

    private const int RowsPerBlock = Threads / 32, BlocksPerMultiprocessor = 8, LeastRowsOfPart = 32, MostParts = 1024;

    /// <summary>End of a kernel's name.</summary>
    public static string Suffix(StorageType type) => type switch
    {
        StorageType.Float => "float",
        StorageType.BFloat16 => "bf16",
        _ => "rounded",
    };

    /// <summary>Blocks for kernels with a thread an element that do not go on to another.</summary>
    public static long Exact(long threads) => (threads + Threads - 1) / Threads;

    /// <summary>Blocks for kernels whose threads go on to further elements.</summary>
    public static long Filling(IKernelQueue queue, long threads) => Math.Min(Exact(threads), (long)queue.Multiprocessors * BlocksPerMultiprocessor);

    /// <summary>Blocks for kernels whose warps go on to further rows.</summary>
    public static long Rows(IKernelQueue queue, long rows) =>
        Math.Min((rows + RowsPerBlock - 1) / RowsPerBlock, (long)queue.Multiprocessors * BlocksPerMultiprocessor);

    /// <summary>Parts into which rows are cut for a thread a column and part.</summary>
    public static int Parts(IKernelQueue queue, int columns, long rows)
    {
        long wanted = ((queue.Multiprocessors * 1024L) + columns - 1) / Math.Max(1, columns);
        return (int)Math.Clamp(Math.Min(wanted, rows / LeastRowsOfPart), 1, MostParts);
    }
}
