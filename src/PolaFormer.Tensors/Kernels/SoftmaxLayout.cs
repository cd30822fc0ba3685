using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// How softmax attention is cut into units: a unit is some consecutive images of one head and a chunk of their queries.
/// Functions of shape only.
/// </summary>
internal readonly struct SoftmaxLayout
{
    private const long Grain = 1 << 20;
    private const int ChunkTokens = 128;
    private const int WantedUnits = 32;

    private readonly int _keys, _queries;

    public SoftmaxLayout(int batch, int heads, int headDim, int queries, int keys, bool biasGradient)
    {
        (Batch, Heads, HeadDim, _queries, _keys) = (batch, heads, headDim, queries, keys);
        int lanes = Lanes.CountFor(headDim);
        Padded = Lanes.RoundUp(headDim, lanes);
        PaddedKeys = Lanes.RoundUp(keys, lanes);
        // The scores of a block take about 64 KiB; two whole tiles of 14 rows at least, which read the keys once.
        Block = Math.Clamp(16384 / PaddedKeys / 14 * 14, 28, 84);
        Groups = biasGradient ? Math.Min(batch, (WantedUnits + heads - 1) / heads) : batch;
        BiasGradient = biasGradient;
        Chunks = Math.Clamp((WantedUnits + (heads * Groups) - 1) / (heads * Groups), 1, Math.Max(1, queries / ChunkTokens));
    }

    public int Batch { get; }
    public int Heads { get; }
    public int HeadDim { get; }

    /// <summary>d and n rounded up to whole vectors.</summary>
    public int Padded { get; }

    public int PaddedKeys { get; }

    /// <summary>Floats between rows of scores: as many as keys, or a line of the cache more where rows would evict one another from it.</summary>
    public int ScoreRow => PaddedKeys % 256 == 0 ? PaddedKeys + 16 : PaddedKeys;

    /// <summary>Query rows whose scores exist at a time.</summary>
    public int Block { get; }

    /// <summary>Groups of images that add up their bias gradients; one image each where there is none.</summary>
    public int Groups { get; }

    public bool BiasGradient { get; }

    /// <summary>Parts into which the queries of an image are cut.</summary>
    public int Chunks { get; }

    public int Units => Heads * Groups * Chunks;

    /// <summary>Parts, with <paramref name="products"/> products of each query with each key.</summary>
    public int Parts(int products) =>
        Math.Min(Units, Workers.PartsFor((long)Batch * Heads * _queries * PaddedKeys * Padded * products, Grain));

    /// <summary>Bias gradients of each group.</summary>
    public long BiasWorkspace => BiasGradient ? (long)Groups * Heads * _queries * _keys : 0;

    /// <summary>∂k and ∂v of each chunk, where there are several.</summary>
    public long KeyWorkspace => Chunks > 1 ? (long)Batch * Heads * Chunks * 2 * _keys * Padded : 0;

    /// <summary>The images, head and queries of a unit.</summary>
    public (int FirstImage, int EndImage, int Head, int Group, int Chunk, int From, int To) Unit(int unit)
    {
        (int groupAndHead, int chunk) = Math.DivRem(unit, Chunks);
        (int group, int head) = Math.DivRem(groupAndHead, Heads);
        (int first, int end) = Workers.Range(Batch, Groups, group);
        (int from, int to) = Workers.Range(_queries, Chunks, chunk);
        return (first, end, head, group, chunk, from, to);
    }
}
