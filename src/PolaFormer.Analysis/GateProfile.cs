namespace PolaFormer.Analysis;

/// <summary>
/// The gates of one head of a polarity attention, (N, ⌊d/2⌋) each: G of the same-signed pairs and G of the opposite-signed ones, as
/// in the paper's figure 3.
/// </summary>
/// <param name="Layer">The layer's name in the model.</param>
/// <param name="Head">Head, counted from 0.</param>
/// <param name="Tokens">Tokens N.</param>
/// <param name="Same">Gate of the same-signed stream, token by token.</param>
/// <param name="Opposite">Gate of the opposite-signed stream.</param>
public sealed record GateProfile(string Layer, int Head, int Tokens, float[] Same, float[] Opposite)
{
    /// <summary>Rows of the grid of tokens; 1 unless set.</summary>
    public int Rows { get; init; } = 1;

    /// <summary>Columns of the grid of tokens, which come last; all tokens unless set.</summary>
    public int Columns { get => field > 0 ? field : Tokens; init; }

    /// <summary>Channels of a stream, ⌊d/2⌋: of an odd number, the first stream has one more, which is left out.</summary>
    public int Channels => Same.Length / Tokens;

    /// <summary>Pearson's correlation of the two gates, element by element, in [−1, 1]; NaN where a gate is constant.</summary>
    public double Correlation => Pearson(Same, Opposite);

    /// <summary>
    /// Pearson's correlation over tokens of each channel of the same-signed gate with each of the opposite-signed one, (d/2, d/2) row by
    /// row; 0 where a channel is constant.
    /// </summary>
    public float[] ChannelCorrelations()
    {
        int channels = Channels;
        float[][] same = ByChannel(Same), opposite = ByChannel(Opposite);
        return [.. from a in same from b in opposite let correlation = (float)Pearson(a, b) select float.IsNaN(correlation) ? 0 : correlation];

        float[][] ByChannel(float[] gate) => [.. Enumerable.Range(0, channels).Select(channel => Enumerable.Range(0, Tokens).Select(token => gate[(token * channels) + channel]).ToArray())];
    }

    /// <summary>The mean over channels for each token of the grid, row by row.</summary>
    /// <param name="opposite">Whether of opposite-signed pairs, else of same-signed ones.</param>
    public float[] Folded(bool opposite)
    {
        float[] gate = opposite ? Opposite : Same;
        int channels = Channels, places = Rows * Columns, first = Tokens - places;
        return [.. Enumerable.Range(first, places).Select(token => gate.AsSpan(token * channels, channels).ToArray().Average())];
    }

    /// <summary>Gates of all heads of a layer; none where the mechanism has no two gated streams.</summary>
    public static IReadOnlyList<GateProfile> Of(ProbedLayer layer)
    {
        if (layer.Streams != 2 || layer.Inputs.Gate is not { } gate)
            return [];
        int tokens = layer.Queries, run = layer.RunLength, dim = layer.Mechanism.Shape.Dim;
        float[] values = gate.Source.ToArray();
        return [.. Enumerable.Range(0, layer.NumHeads).Select(head => new GateProfile(layer.Name, head, tokens, Run(head, 0), Run(head, 1)) { Rows = layer.Height, Columns = layer.Width })];

        float[] Run(int head, int stream)
        {
            float[] part = new float[tokens * run];
            for (int token = 0; token < tokens; token++)
                values.AsSpan((layer.Place(token) * dim) + layer.Channel(head, stream), run).CopyTo(part.AsSpan(token * run));
            return part;
        }
    }

    private static double Pearson(float[] x, float[] y)
    {
        double meanX = x.Average(), meanY = y.Average(), xy = 0, xx = 0, yy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            (double a, double b) = (x[i] - meanX, y[i] - meanY);
            (xy, xx, yy) = (xy + (a * b), xx + (a * a), yy + (b * b));
        }

        return xy / Math.Sqrt(xx * yy);
    }
}
