using PolaFormer.Tensors.Random;

namespace PolaFormer.Training;

/// <summary>Batches of examples that lie in memory.</summary>
/// <param name="examples">The examples.</param>
/// <param name="size">Examples of a batch.</param>
/// <param name="collate">Makes a batch of some examples.</param>
public sealed class Batches<TExample, TBatch>(IReadOnlyList<TExample> examples, int size, Func<IReadOnlyList<TExample>, TBatch> collate)
{
    /// <summary>Whole batches.</summary>
    public int Count => examples.Count / size;

    /// <summary>Whole batches in an order that depends on seed and epoch only; a last, smaller one is left out.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="numbers">Numbers of the batches, from 0.</param>
    public IEnumerable<TBatch> Shuffled(ulong seed, int epoch, IEnumerable<int> numbers)
    {
        // Fisher–Yates.
        int[] order = [.. Enumerable.Range(0, examples.Count)];
        var chance = new Philox(seed, (ulong)epoch);
        for (int i = order.Length - 1; i > 0; i--)
        {
            int other = (int)((i + 1) * (double)chance.Uniform((ulong)i));
            (order[i], order[other]) = (order[other], order[i]);
        }

        foreach (int batch in numbers)
            yield return collate([.. order.AsSpan(batch * size, size).ToArray().Select(example => examples[example])]);
    }

    /// <summary>All examples in order; the last batch may be smaller.</summary>
    public IEnumerable<TBatch> InOrder() => examples.Chunk(size).Select(chunk => collate(chunk));
}
