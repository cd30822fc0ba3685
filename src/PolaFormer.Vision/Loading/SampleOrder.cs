using PolaFormer.Tensors.Random;

namespace PolaFormer.Vision.Loading;

/// <summary>In which order an epoch visits the samples.</summary>
internal static class SampleOrder
{
    /// <summary>Samples that are mixed with one another where the dataset has shards: of photographs about a gigabyte, which stays in the system's cache.</summary>
    public const int Window = 8192;

    /// <summary>Sets the streams of orders apart from those of samples, whose epochs are never negative.</summary>
    private const ulong OrderStream = 1UL << 63;

    /// <summary>Sets the order of shards apart from that of samples.</summary>
    private const ulong ShardStream = 1UL << 62;

    public static int[] Sequential(int count) => [.. Enumerable.Range(0, count)];

    /// <summary>
    /// A shuffle that depends on seed and epoch only. Several shards are put into a random order, and the samples in it mixed within windows,
    /// so that reading goes through few shards at a time.
    /// </summary>
    public static int[] Shuffled(int count, ulong seed, int epoch, IReadOnlyList<int> shardStarts)
    {
        int[] order = shardStarts.Count > 1 ? ShardByShard(count, shardStarts, new Philox(seed, OrderStream | ShardStream | (uint)epoch)) : Sequential(count);
        int window = shardStarts.Count > 1 ? Window : count;
        var philox = new Philox(seed, OrderStream | (uint)epoch);
        for (int first = 0; first < count; first += window)
            Shuffle(order.AsSpan(first, Math.Min(window, count - first)), philox, (ulong)first);
        return order;
    }

    /// <summary>As many samples as there are, each class as often as the others but for one; those of a class come in shuffled rounds, in which none comes twice.</summary>
    public static int[] Balanced(IReadOnlyList<int> labels, ulong seed, int epoch)
    {
        int[][] classes = [.. Enumerable.Range(0, labels.Count).GroupBy(index => labels[index]).OrderBy(group => group.Key).Select(group => group.ToArray())];
        var philox = new Philox(seed, OrderStream | ShardStream | (uint)epoch);
        int[] order = new int[labels.Count];
        ulong draws = 0;
        for (int i = 0; i < order.Length; i++)
        {
            int[] members = classes[i % classes.Length];
            int place = i / classes.Length % members.Length;
            if (place == 0)
            {
                Shuffle(members, philox, draws);
                draws += (ulong)members.Length;
            }

            order[i] = members[place];
        }

        Shuffle(order, philox, draws);
        return order;
    }

    private static int[] ShardByShard(int count, IReadOnlyList<int> starts, Philox philox)
    {
        int[] shards = Sequential(starts.Count);
        Shuffle(shards, philox, 0);
        var order = new List<int>(count);
        foreach (int shard in shards)
        {
            int end = shard + 1 < starts.Count ? starts[shard + 1] : count;
            order.AddRange(Enumerable.Range(starts[shard], end - starts[shard]));
        }
        return [.. order];
    }

    /// <summary>Fisher–Yates. Its bias, below length / 2³², is far from noticeable.</summary>
    private static void Shuffle(Span<int> items, Philox philox, ulong firstDraw)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)(((ulong)philox.UInt32(firstDraw + (ulong)i) * (ulong)(i + 1)) >> 32);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
