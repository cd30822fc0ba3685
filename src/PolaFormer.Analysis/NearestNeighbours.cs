using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Analysis;

/// <summary>
/// Classes of the nearest embeddings, which tells how far a network separates classes without training anything more: each of the k
/// nearest by cosine votes with exp(similarity / 0.07) (Wu et al., CVPR 2018, https://arxiv.org/abs/1805.01978).
/// </summary>
public static class NearestNeighbours
{
    private const double Temperature = 0.07;
    private const int RowsAtOnce = 256;

    /// <summary>Share of images whose class wins the vote.</summary>
    /// <param name="known">Images whose classes vote.</param>
    /// <param name="asked">Images to classify.</param>
    /// <param name="k">Voters, at most as many as <paramref name="known"/> has.</param>
    public static double Accuracy(EmbeddingSet known, EmbeddingSet asked, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(asked.Width, known.Width);
        k = Math.Min(k, known.Count);
        using var scope = MemoryScope.Enter();
        Tensor keys = Tensor.From(known.Directions(), [known.Count, known.Width]);
        float[] queries = asked.Directions();
        int hits = 0;
        double[] votes = new double[known.Labels.Max() + 1];
        int[] order = new int[known.Count];
        for (int start = 0; start < asked.Count; start += RowsAtOnce)
        {
            using var inner = MemoryScope.Enter();
            int rows = Math.Min(RowsAtOnce, asked.Count - start);
            float[] similarities = Tensor.From(queries.AsSpan(start * asked.Width, rows * asked.Width).ToArray(), [rows, asked.Width]).MatMul(keys, transposeB: true).ToArray();
            for (int row = 0; row < rows; row++)
            {
                float[] distances = [.. similarities.AsSpan(row * known.Count, known.Count).ToArray().Select(value => -value)];
                for (int i = 0; i < order.Length; i++)
                    order[i] = i;
                Array.Sort(distances, order);
                Array.Clear(votes);
                for (int i = 0; i < k; i++)
                    votes[known.Labels[order[i]]] += Math.Exp(-distances[i] / Temperature);
                hits += Array.IndexOf(votes, votes.Max()) == asked.Labels[start + row] ? 1 : 0;
            }
        }

        return (double)hits / asked.Count;
    }
}
