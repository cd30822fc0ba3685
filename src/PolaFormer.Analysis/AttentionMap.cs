using PolaFormer.Analysis.Figures;
using PolaFormer.Vision;

namespace PolaFormer.Analysis;

/// <summary>Weights over the grid that a layer has of an image.</summary>
/// <param name="Layer">The layer's name in the model, or what stands for all of them.</param>
/// <param name="Mechanism">The mechanism's title, or the method's.</param>
/// <param name="Weights">(rows, columns), row by row.</param>
/// <param name="Rows">Rows of the grid.</param>
/// <param name="Columns">Columns of the grid.</param>
public sealed record AttentionMap(string Layer, string Mechanism, float[] Weights, int Rows, int Columns)
{
    /// <summary>Heads and streams that it is of, or other particulars, for the caption.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The query's token: its row and column, and the rows and columns of the queries' grid; none where it is of all queries.</summary>
    public (int Row, int Column, int Rows, int Columns)? Query { get; init; }

    /// <summary>Mechanism, layer, heads, query.</summary>
    public string Caption => string.Join(", ", new[]
    {
        Mechanism, Layer, Detail, Query is { } query ? $"query in row {query.Row + 1}, column {query.Column + 1} of {query.Rows} × {query.Columns} tokens" : $"{Rows} × {Columns} tokens",
    }.Where(part => part.Length > 0));

    /// <summary>Positive-sequence entropy of the weights in nats; null where one is negative.</summary>
    public double? Entropy => Array.Exists(Weights, weight => weight < 0) ? null : AttentionEntropy.Of([.. Weights.Select(weight => (double)weight)]);

    /// <summary>The largest weight's share of the sum.</summary>
    public double LargestShare => Weights.Max() / Weights.Sum(weight => (double)weight);

    /// <summary>A query's row of a layer, the mean of a head's streams or of all heads.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="place">The query's place in the image, both axes in [0, 1).</param>
    /// <param name="head">Head, from 1; all where null.</param>
    /// <exception cref="ArgumentException">There is no such head.</exception>
    public static AttentionMap OfQuery(ProbedLayer layer, (float X, float Y) place, int? head = null)
    {
        if (head < 1 || head > layer.NumHeads)
            throw new ArgumentException($"{layer.Name} has heads 1 to {layer.NumHeads}, not {head}.");
        int row = (int)(place.Y * layer.Height), column = (int)(place.X * layer.Width);
        float[][] weights = AttentionWeights.Row(layer, layer.PrefixTokens + (row * layer.Width) + column);
        int first = head is null ? 0 : (head.Value - 1) * layer.Streams, count = head is null ? weights.Length : layer.Streams;
        int stride = layer.KeyStride, height = layer.Height / stride, width = layer.Width / stride;
        float[] mean = new float[height * width];
        foreach (float[] part in weights.AsSpan(first, count))
        {
            ReadOnlySpan<float> grid = part.AsSpan(part.Length - mean.Length);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += grid[i] / count;
        }

        return new AttentionMap(layer.Name, layer.MechanismName, mean, height, width)
        {
            Detail = head is { } one ? $"head {one} of {layer.NumHeads}" : layer.NumHeads == 1 ? "1 head" : $"mean of {layer.NumHeads} heads",
            Query = (row, column, layer.Height, layer.Width),
        };
    }

    /// <summary>Rollout through all layers.</summary>
    public static AttentionMap OfRollout(IReadOnlyList<ProbedLayer> layers) =>
        new("all layers", "Rollout", AttentionRollout.Of(layers), layers[0].Height, layers[0].Width);

    /// <summary>Rollout through all layers for a class.</summary>
    /// <param name="probe">What was seen of the class.</param>
    /// <param name="name">The class's name.</param>
    public static AttentionMap OfRollout(ClassProbe probe, string name) =>
        new("all layers", "Class rollout", AttentionRollout.OfClass(probe), probe.Layers[0].Height, probe.Layers[0].Width) { Detail = $"class {name}" };

    /// <summary>Grad-CAM of a class.</summary>
    /// <param name="probe">What was seen of the class.</param>
    /// <param name="name">The class's name.</param>
    public static AttentionMap OfGradCam(ClassProbe probe, string name) =>
        new("last feature map", "Grad-CAM", GradCam.Of(probe), probe.FeatureRows, probe.FeatureColumns) { Detail = $"class {name}" };

    /// <summary>The mean over channels of a head's gate, token by token.</summary>
    /// <param name="gate">The gates of a head.</param>
    /// <param name="opposite">Whether of opposite-signed pairs, else of same-signed ones.</param>
    public static AttentionMap OfGate(GateProfile gate, bool opposite) => new(gate.Layer, opposite ? "Gate of opposite-signed pairs" : "Gate of same-signed pairs", gate.Folded(opposite), gate.Rows, gate.Columns)
    {
        Detail = $"head {gate.Head + 1}, mean of {gate.Channels} channels",
    };

    /// <summary>The mean of maps of one layer and mechanism over images.</summary>
    /// <param name="maps">Maps of one size.</param>
    public static AttentionMap Mean(IReadOnlyList<AttentionMap> maps)
    {
        float[] mean = new float[maps[0].Weights.Length];
        foreach (AttentionMap map in maps)
        {
            for (int i = 0; i < mean.Length; i++)
                mean[i] += map.Weights[i] / maps.Count;
        }

        return maps[0] with { Weights = mean };
    }

    /// <summary>The map drawn over its image.</summary>
    /// <param name="picture">The image that the grid covers.</param>
    /// <param name="isSmooth">Whether weights are interpolated between the middles of tokens.</param>
    public MapPanel Over(Image picture, bool isSmooth = false) => new(Caption, picture) { Weights = Weights, Rows = Rows, Columns = Columns, Query = Query, IsSmooth = isSmooth };
}
