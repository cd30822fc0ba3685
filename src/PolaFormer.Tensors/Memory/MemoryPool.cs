using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Memory;

/// <summary>
/// Aligned native blocks, kept by size class when they come back. Classes are powers of two cut in four, so at most a
/// quarter of a block is unused and a steady-state step finds every block it needs in the pool.
/// </summary>
internal static unsafe class MemoryPool
{
    /// <summary>One cache line, and one AVX-512 vector.</summary>
    public const int Alignment = 64;

    private const int SmallestBlock = 512, LargeBlock = 64 << 20;
    private const int ClassCount = 4 * 40;

    private static readonly Lock Gate = new();
    private static readonly Stack<nint>[] Free = CreateStacks();

    /// <summary>Takes a block of at least <paramref name="bytes"/> bytes, contents undefined.</summary>
    /// <param name="bytes">Wanted size, ≥ 0.</param>
    /// <param name="capacity">The block's true size.</param>
    /// <exception cref="InsufficientMemoryException">The tensors would have more than the machine can give them.</exception>
    public static void* Take(long bytes, out long capacity)
    {
        if (bytes > MachineMemory.BytesForTensors)
            throw Refusal(bytes);
        int sizeClass = ClassOf(bytes, out capacity);
        lock (Gate)
        {
            if (!Free[sizeClass].TryPop(out nint block))
            {
                block = Reserve(bytes, capacity);
                MemoryStatistics.Reserved(capacity);
            }

            MemoryStatistics.Taken(capacity);
            return (void*)block;
        }
    }

    /// <summary>Gives a block back.</summary>
    public static void Return(void* block, long capacity)
    {
        int sizeClass = ClassOf(capacity, out _);
        lock (Gate)
        {
            MemoryStatistics.Returned(capacity);
            Free[sizeClass].Push((nint)block);
        }
    }

    /// <summary>Gives a block back to the operating system: one of its size is not expected to be wanted again.</summary>
    public static void Discard(void* block, long capacity)
    {
        lock (Gate)
        {
            MemoryStatistics.Returned(capacity);
            MemoryStatistics.Reserved(-capacity);
        }

        NativeMemory.AlignedFree(block);
    }

    /// <summary>Hands every unused block back to the operating system.</summary>
    public static void Trim()
    {
        lock (Gate)
        {
            for (int sizeClass = 0; sizeClass < ClassCount; sizeClass++)
            {
                while (Free[sizeClass].TryPop(out nint block))
                {
                    NativeMemory.AlignedFree((void*)block);
                    MemoryStatistics.Reserved(-CapacityOf(sizeClass));
                }
            }
        }
    }

    // Where the system lends more memory than there is, it ends the process once that is used: the limit is ours to hold.
    private static nint Reserve(long bytes, long capacity)
    {
        if (!HasRoom(capacity))
            Trim();
        if (!HasRoom(capacity))
            throw Refusal(bytes);
        try
        {
            return (nint)NativeMemory.AlignedAlloc((nuint)capacity, Alignment);
        }
        catch (OutOfMemoryException)
        {
            throw Refusal(bytes);
        }
    }

    // What other programs need is asked for large blocks alone: it takes a while.
    private static bool HasRoom(long capacity) => capacity < LargeBlock
        ? MemoryStatistics.BytesReserved + capacity <= MachineMemory.BytesForTensors
        : capacity <= MachineMemory.FreeBytesForTensors;

    private static InsufficientMemoryException Refusal(long bytes) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"A tensor of {bytes / 1e6:#,0} MB is more than the memory has room for: tensors use {MemoryStatistics.BytesInUse / 1e6:#,0} of the {MachineMemory.TotalBytes / 1e6:#,0} MB. Use a smaller batch, smaller images or fewer tokens."));

    private static int ClassOf(long bytes, out long capacity)
    {
        long wanted = Math.Max(bytes, SmallestBlock);
        int exponent = BitOperations.Log2((ulong)(wanted - 1) | 1);
        long step = 1L << (exponent - 2);
        long start = 1L << exponent;
        int quarter = (int)((wanted - start + step - 1) / step);
        int sizeClass = 4 * (exponent - 7) + quarter;
        capacity = CapacityOf(sizeClass);
        return sizeClass;
    }

    private static long CapacityOf(int sizeClass)
    {
        int exponent = (sizeClass / 4) + 7;
        return (1L << exponent) + (sizeClass % 4) * (1L << (exponent - 2));
    }

    private static Stack<nint>[] CreateStacks()
    {
        var stacks = new Stack<nint>[ClassCount];
        for (int i = 0; i < stacks.Length; i++)
            stacks[i] = new Stack<nint>();
        return stacks;
    }
}
