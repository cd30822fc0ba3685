using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.LongRange.Data;

/// <summary>Rows of a task as a network takes them.</summary>
/// <param name="Ids">Numbers of the tokens, 0 for padding, in the order of <paramref name="Shape"/>.</param>
/// <param name="Shape">(B, N), or (B, 2, N) where two sequences are compared.</param>
/// <param name="Labels">Answers.</param>
public sealed record SequenceBatch(long[] Ids, Shape Shape, int[] Labels)
{
    /// <summary>Rows.</summary>
    public int Count => Labels.Length;

    /// <summary>Pads rows to one length.</summary>
    /// <param name="examples">The rows; what is longer is cut.</param>
    /// <param name="task">Says what the bytes are.</param>
    /// <param name="length">Tokens N.</param>
    public static SequenceBatch Of(IReadOnlyList<SequenceExample> examples, ArenaTask task, int length)
    {
        int sequences = task.IsDual ? 2 : 1;
        long[] ids = new long[(long)examples.Count * sequences * length];
        for (int row = 0; row < examples.Count; row++)
        {
            Fill(examples[row].First, row * sequences);
            if (task.IsDual)
                Fill(examples[row].Second ?? throw new ArgumentException($"The task {task.Name} compares two sequences; a row has one."), (row * sequences) + 1);
        }

        return new SequenceBatch(ids, task.IsDual ? [examples.Count, 2, length] : [examples.Count, length], [.. examples.Select(example => example.Label)]);

        void Fill(byte[] sequence, int place)
        {
            Span<long> target = ids.AsSpan(place * length, length);
            for (int i = 0; i < Math.Min(sequence.Length, length); i++)
                target[i] = sequence[i] + task.IdOffset;
        }
    }

    /// <summary>The tokens as a tensor.</summary>
    public Tensor ToTensor(Device? device = null) => Tensor.From(Ids, Shape, device);

    /// <summary>The tokens that are no padding, of each sequence that is compared, for a network on a device; null where it computes padding, too.</summary>
    public IReadOnlyList<TokenRows?> RowsOn(Device device)
    {
        int length = Shape[Shape.Rank - 1];
        if (Shape.Rank == 2)
            return [TokenRows.Of(Ids, length, device)];
        long[][] sequences = [.. Ids.Chunk(length)];
        return [.. Enumerable.Range(0, 2).Select(which => TokenRows.Of([.. sequences.Where((_, i) => i % 2 == which).SelectMany(ids => ids)], length, device))];
    }
}
