namespace PolaFormer.Analysis;

/// <summary>How evenly a head of a layer spreads its attention.</summary>
/// <param name="Layer">The layer's name in the model.</param>
/// <param name="Mechanism">Type of the mechanism.</param>
/// <param name="Head">Head, counted from 0.</param>
/// <param name="Stream">Stream of the head, counted from 0: same-signed, then opposite-signed pairs for a polarity.</param>
/// <param name="Keys">Keys that a row covers.</param>
/// <param name="Entropy">Mean positive-sequence entropy of the rows looked at, in nats; null where weights are negative.</param>
/// <param name="Largest">Mean weight of rank 1, 2, … in its row, rows scaled to sum 1: the row distribution of the paper's figure 5.</param>
public sealed record EntropyProfile(string Layer, string Mechanism, int Head, int Stream, int Keys, double? Entropy, double[] Largest)
{
    /// <summary>The entropy of a row of equal weights, ln n.</summary>
    public double Uniform => Math.Log(Keys);

    /// <summary>
    /// Profiles of all heads and streams of a layer, from rows evenly spread over the image. A mechanism that turns its own features
    /// by a rotary encoding is looked at without it: turned features give negative weights, for which the entropy is not defined.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="rows">Rows to look at.</param>
    public static IReadOnlyList<EntropyProfile> Of(ProbedLayer layer, int rows = 32)
    {
        layer = layer with { Inputs = layer.Inputs with { Rotary = null } };
        int count = Math.Min(rows, layer.Queries);
        float[][][] sampled = [.. Enumerable.Range(0, count).Select(i => AttentionWeights.Row(layer, (int)((i + 0.5) * layer.Queries / count)))];
        return [.. Enumerable.Range(0, layer.NumHeads * layer.Streams).Select(i => Of(layer, i, [.. sampled.Select(row => row[i])]))];
    }

    /// <summary>The mean of profiles of one head over images; its entropy is null where that of one is.</summary>
    /// <param name="same">Profiles of one layer, mechanism, head and stream.</param>
    public static EntropyProfile Mean(IReadOnlyList<EntropyProfile> same)
    {
        double[] largest = new double[same[0].Largest.Length];
        foreach (EntropyProfile profile in same)
        {
            for (int i = 0; i < largest.Length; i++)
                largest[i] += profile.Largest[i] / same.Count;
        }

        return same[0] with { Largest = largest, Entropy = same.Any(profile => profile.Entropy is null) ? null : same.Average(profile => profile.Entropy) };
    }

    private static EntropyProfile Of(ProbedLayer layer, int index, float[][] rows)
    {
        double[] largest = new double[layer.Keys];
        double entropy = 0;
        bool isNegative = false;
        foreach (float[] row in rows)
        {
            double[] weights = [.. row.Select(weight => (double)weight).OrderDescending()];
            double most = Math.Max(weights[0], -weights[^1]), sum = weights.Sum();
            isNegative |= weights[^1] < -1e-6 * most;
            for (int i = 0; i < weights.Length; i++)
                weights[i] = Math.Max(0, weights[i]);
            entropy += AttentionEntropy.Of(weights) / rows.Length;
            for (int i = 0; i < largest.Length; i++)
                largest[i] += sum == 0 ? 0 : weights[i] / sum / rows.Length;
        }

        return new EntropyProfile(layer.Name, layer.MechanismName, index / layer.Streams, index % layer.Streams, layer.Keys, isNegative ? null : entropy, largest);
    }
}
