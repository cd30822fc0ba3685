using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Blocks of tokens (one row each, of one head's channels) on their way between memory and scratch.</summary>
internal static unsafe class TokenBlock<T> where T : unmanaged, IFloat32Vector<T>
{
    /// <summary>
    /// Asks for a vector of the block after this one: with many heads a row's slice is alone on its page, where no hardware
    /// prefetcher follows. Any address will do, also one behind the end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }

    /// <summary>
    /// Gathers rows into consecutive ones of <paramref name="padded"/> floats, zeros behind the columns. A block is copied
    /// before it is multiplied, since rows a power of two apart evict one another from the nearest cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(int rows, int columns, int padded, float* source, nint sourceRow, float* destination)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int j = 0; j < padded; j += T.Count)
            {
                Prefetch(source + (rows * sourceRow) + j);
                T.Store(Lanes.Load<T>(source + j, columns - j), destination + j);
            }
            source += sourceRow;
            destination += padded;
        }
    }

    /// <summary>Scatters rows of <paramref name="padded"/> floats, times a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Store(int rows, int columns, int padded, float* source, float factor, float* destination, nint destinationRow)
    {
        T scale = T.Create(factor);
        for (int row = 0; row < rows; row++)
        {
            for (int j = 0; j < columns; j += T.Count)
            {
                Prefetch(destination + (rows * destinationRow) + j);
                Lanes.Store(T.Load(source + j) * scale, destination + j, columns - j);
            }
            source += padded;
            destination += destinationRow;
        }
    }

    /// <summary>Whether scattered rows are zeros, as the gradients of padding are: they then add nothing to any gradient.</summary>
    public static bool IsZero(int rows, int columns, float* source, nint sourceRow)
    {
        for (int row = 0; row < rows; row++, source += sourceRow)
        {
            if (new ReadOnlySpan<float>(source, columns).ContainsAnyExcept(0f))
                return false;
        }
        return true;
    }

    /// <summary>Zeros into scattered rows.</summary>
    public static void Clear(int rows, int columns, float* destination, nint destinationRow)
    {
        for (int row = 0; row < rows; row++, destination += destinationRow)
            new Span<float>(destination, columns).Clear();
    }

    /// <summary>destination (columns × rows, <paramref name="destinationRow"/> floats apart) = source (rows × columns), transposed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(int rows, int columns, float* source, nint sourceRow, float* destination, nint destinationRow)
    {
        for (int column = 0; column < columns; column++)
        {
            float* from = source + column;
            for (int row = 0; row < rows; row++)
            {
                destination[row] = *from;
                from += sourceRow;
            }
            destination += destinationRow;
        }
    }
}
