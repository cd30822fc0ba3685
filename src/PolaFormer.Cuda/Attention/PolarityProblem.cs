using PolaFormer.Cuda.Core;

namespace PolaFormer.Cuda.Attention;

/// <summary>The sizes of one polarity attention, and what follows from them for a GPU.</summary>
internal readonly record struct PolarityProblem
{
    /// <summary>Blocks for each multiprocessor, so that the last ones to finish leave little of it idle.</summary>
    private const int BlocksPerMultiprocessor = 8;

    /// <summary>Tiles of tokens for which it is worth to load a state and to write a partial one.</summary>
    private const int LeastTiles = 4;

    public PolarityProblem(StorageType type, int batch, int heads, int headDim, int queries, int keys, int multiprocessors, int leastPadded = 16)
    {
        if (!Supports(type, headDim))
            throw new ArgumentException($"No kernel takes heads of {headDim} channels in {type}.", nameof(headDim));
        (Type, Batch, Heads, HeadDim, Queries, Keys) = (type, batch, heads, headDim, queries, keys);
        Padded = Math.Max(leastPadded, headDim <= 16 ? 16 : headDim <= 32 ? 32 : headDim <= 64 ? 64 : 128);
        Warps = Padded switch { 16 => 2, 32 => 4, 64 when type != StorageType.BFloat16 => 4, _ => 8 };
        (QueryChunks, QueryChunkTokens) = Cut(queries, multiprocessors);
        (KeyChunks, KeyChunkTokens) = Cut(keys, multiprocessors);
    }

    public StorageType Type { get; }
    public int Batch { get; }
    public int Heads { get; }

    /// <summary>d, which is even.</summary>
    public int HeadDim { get; }

    /// <summary>N.</summary>
    public int Queries { get; }

    /// <summary>n.</summary>
    public int Keys { get; }

    /// <summary>The head size of the kernels, to which heads are padded.</summary>
    public int Padded { get; }

    /// <summary>Warps of a block, each of which has 16 tokens at a time, in the passes that sum over tokens.</summary>
    public int Warps { get; }

    /// <summary>Warps of a block in the passes whose warps do not meet.</summary>
    public int NarrowWarps => Math.Min(Warps, 4);

    /// <summary>Parts into which the queries of a pair are cut.</summary>
    public int QueryChunks { get; }
    public int QueryChunkTokens { get; }
    public int KeyChunks { get; }
    public int KeyChunkTokens { get; }

    /// <summary>Images times heads.</summary>
    public int Pairs => Batch * Heads;
    public int Threads => 32 * Warps;
    public int NarrowThreads => 32 * NarrowWarps;
    public int ElementBytes => Type == StorageType.BFloat16 ? 2 : 4;

    /// <summary>Floats of a state: S (2d × d) and two extras a feature, padded.</summary>
    public int StateLength => 2 * Padded * (Padded + 2);

    /// <summary>Floats that the forward pass leaves for the backward pass.</summary>
    public long StateFloats => (long)Pairs * StateLength;

    /// <summary>Floats of workspace that a forward pass needs.</summary>
    public long ForwardWorkspace => KeyChunks == 1 ? 0 : (long)Pairs * KeyChunks * StateLength;

    /// <summary>Floats of workspace that a backward pass needs: summed and partial gradients of the state, sums of channels.</summary>
    public long BackwardWorkspace =>
        StateFloats + (QueryChunks == 1 ? 0 : (long)Pairs * QueryChunks * StateLength) + ((long)Pairs * (QueryChunks + KeyChunks) * 2 * Padded);

    /// <summary>Where the kernels are.</summary>
    public string Module => $"polarity_{LaunchShape.Suffix(Type)}_{Padded}";

    private int Tile => 16 * Warps;

    private int Planes => Type == StorageType.Float ? 3 : 1;

    private int ChannelBytes => 4 * 4 * Padded;

    private int MatrixBytes => Planes * 2 * (2 * Padded * (Padded + 8));

    public int KeysShared => ChannelBytes + TileBytes;

    public int QueriesShared => ChannelBytes + MatrixBytes;

    public int QueryGradientsShared => ChannelBytes + MatrixBytes + TileBytes;

    public int KeyGradientsShared => ChannelBytes + MatrixBytes;

    /// <summary>Whether there are kernels for such heads.</summary>
    public static bool Supports(StorageType type, int headDim) =>
        headDim > 0 && headDim % 2 == 0 && headDim <= (type == StorageType.BFloat16 ? 128 : 64);

    private int TileBytes => Planes * 2 * Tile * ((2 * Padded) + 8 + Padded + 8);

    private (int Chunks, int Tokens) Cut(int tokens, int multiprocessors)
    {
        int wanted = ((BlocksPerMultiprocessor * multiprocessors) + Pairs - 1) / Pairs;
        int chunks = Math.Clamp(wanted, 1, Math.Max(1, tokens / (LeastTiles * Tile)));
        int each = (tokens + chunks - 1) / chunks;
        each = (each + Tile - 1) / Tile * Tile;
        return ((tokens + each - 1) / each, each);
    }
}
