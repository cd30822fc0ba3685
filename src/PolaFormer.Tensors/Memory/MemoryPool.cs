using System.Numerics;

namespace PolaFormer.Tensors.Memory;

/// <summary>
/// Blocks of a device's memory, kept by size class when they come back. Classes are powers of two cut in four, so at most a
/// quarter of a block is unused and a steady-state step finds every block it needs in the pool.
/// </summary>
/// <param name="statistics">Counts what the pool holds.</param>
internal abstract class MemoryPool(MemoryStatistics statistics)
{
    private const int SmallestBlock = 512;
    private const int ClassCount = 4 * 40;

    private readonly Lock _gate = new();
    private readonly Stack<nint>[] _free = CreateStacks();
    private volatile MemoryPool? _heir;

    /// <summary>What the pool holds.</summary>
    protected MemoryStatistics Statistics => statistics;

    /// <summary>The largest block that can be allocated.</summary>
    protected abstract long MaxBytes { get; }

    /// <summary>Takes a block of at least <paramref name="bytes"/> bytes, contents undefined.</summary>
    /// <param name="bytes">Wanted size, ≥ 0.</param>
    /// <param name="capacity">The block's true size.</param>
    /// <exception cref="InsufficientMemoryException">The device has not enough free memory.</exception>
    public nint Take(long bytes, out long capacity)
    {
        if (bytes > MaxBytes)
            throw Refusal(bytes);
        int sizeClass = ClassOf(bytes, out capacity);
        lock (_gate)
        {
            if (!_free[sizeClass].TryPop(out nint block))
            {
                block = Reserve(bytes, capacity);
                statistics.Reserved(capacity);
            }

            statistics.Taken(capacity);
            return block;
        }
    }

    /// <summary>Gives a block back.</summary>
    public void Return(nint block, long capacity)
    {
        if (_heir is not null)
        {
            _heir.Return(block, capacity);
            return;
        }

        int sizeClass = ClassOf(capacity, out _);
        lock (_gate)
        {
            statistics.Returned(capacity);
            _free[sizeClass].Push(block);
        }
    }

    /// <summary>Returns a block to the system: no other of its size is expected to be needed.</summary>
    public void Discard(nint block, long capacity)
    {
        lock (_gate)
        {
            statistics.Returned(capacity);
            statistics.Reserved(-capacity);
        }

        Free(block);
    }

    /// <summary>Hands every unused block back to the system.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            for (int sizeClass = 0; sizeClass < ClassCount; sizeClass++)
            {
                while (_free[sizeClass].TryPop(out nint block))
                {
                    Free(block);
                    statistics.Reserved(-CapacityOf(sizeClass));
                }
            }
        }
    }

    /// <summary>Leaves all blocks, those in use when they come back, to another pool of the same memory. Nothing is taken here afterwards.</summary>
    public void LeaveTo(MemoryPool heir)
    {
        lock (_gate)
        {
            _heir = heir;
            for (int sizeClass = 0; sizeClass < ClassCount; sizeClass++)
            {
                while (_free[sizeClass].TryPop(out nint block))
                {
                    lock (heir._gate)
                        heir._free[sizeClass].Push(block);
                }
            }
        }
    }

    /// <summary>Takes a new block from the system; 0 where there is no room.</summary>
    protected abstract nint TryReserve(long capacity);

    /// <summary>Hands a block back to the system.</summary>
    protected abstract void Free(nint block);

    /// <summary>Says that there is no room for so many bytes, and what to do.</summary>
    protected abstract InsufficientMemoryException Refusal(long bytes);

    private nint Reserve(long bytes, long capacity)
    {
        nint block = TryReserve(capacity);
        if (block == 0)
        {
            Trim();
            block = TryReserve(capacity);
        }

        return block != 0 ? block : throw Refusal(bytes);
    }

    private static int ClassOf(long bytes, out long capacity)
    {
        long wanted = Math.Max(bytes, SmallestBlock);
        int exponent = BitOperations.Log2((ulong)(wanted - 1) | 1);
        long step = 1L << (exponent - 2);
        long start = 1L << exponent;
        int quarter = (int)((wanted - start + step - 1) / step);
        int sizeClass = (4 * (exponent - 7)) + quarter;
        capacity = CapacityOf(sizeClass);
        return sizeClass;
    }

    private static long CapacityOf(int sizeClass)
    {
        int exponent = (sizeClass / 4) + 7;
        return (1L << exponent) + ((sizeClass % 4) * (1L << (exponent - 2)));
    }

    private static Stack<nint>[] CreateStacks()
    {
        var stacks = new Stack<nint>[ClassCount];
        for (int i = 0; i < stacks.Length; i++)
            stacks[i] = new Stack<nint>();
        return stacks;
    }
}
