using PolaFormer.Detection.Data;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Detection.Training;

/// <summary>
/// The batches of an epoch: images of one orientation together, so that little is padded; a batch that its orientation does not fill
/// is filled from its beginning (mmdetection's group sampler). They follow from seed and epoch alone.
/// </summary>
/// <param name="images">The images.</param>
/// <param name="batchSize">Images of a batch.</param>
/// <param name="seed">Seed of the run.</param>
public sealed class BatchOrder(IReadOnlyList<CocoImage> images, int batchSize, ulong seed)
{
    /// <summary>Batches of an epoch.</summary>
    public int Count => Groups().Sum(group => (group.Length + batchSize - 1) / batchSize);

    /// <summary>The batches of an epoch, each the numbers of its images.</summary>
    public int[][] Of(int epoch)
    {
        var random = new Philox(seed, (ulong)(uint)epoch);
        ulong drawn = 0;
        var batches = new List<int[]>();
        foreach (int[] group in Groups())
        {
            Shuffle(group);
            int filled = (group.Length + batchSize - 1) / batchSize * batchSize;
            int[] all = [.. Enumerable.Range(0, filled).Select(i => group[i % group.Length])];
            batches.AddRange(all.Chunk(batchSize));
        }

        int[][] order = [.. batches];
        Shuffle(order);
        return order;

        void Shuffle<T>(T[] items)
        {
            for (int i = items.Length - 1; i > 0; i--)
            {
                int other = (int)((i + 1) * (double)random.Uniform(drawn++));
                (items[i], items[other]) = (items[other], items[i]);
            }
        }
    }

    private IEnumerable<int[]> Groups() => Enumerable.Range(0, images.Count).GroupBy(i => images[i].Width > images[i].Height).OrderBy(group => group.Key).Select(group => group.ToArray());
}
