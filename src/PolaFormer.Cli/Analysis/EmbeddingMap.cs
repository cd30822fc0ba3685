using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;

namespace PolaFormer.Cli.Analysis;

/// <summary>Places of images on a plane, with what is written beside them.</summary>
internal sealed class EmbeddingMap
{
    private const int MostNamed = 20;

    private EmbeddingMap()
    {
    }

    /// <summary>(images, 2).</summary>
    public required float[] Places { get; init; }

    /// <summary>What the map is, as it goes on from "a point for each image".</summary>
    public required string Kind { get; init; }

    /// <summary>Shares of the variance that both axes have; null where they have none.</summary>
    public double[]? Shares { get; private init; }

    /// <summary>How far the neighbourhoods of t-SNE are from those of the embeddings, in nats; null of other maps.</summary>
    public double? Divergence { get; private init; }

    /// <summary>Along the two principal components.</summary>
    public static EmbeddingMap OfComponents(EmbeddingSet set)
    {
        var components = PrincipalComponents.Of(set);
        return new EmbeddingMap { Places = components.Places, Kind = "along the two principal components", Shares = components.Shares };
    }

    /// <summary>By t-SNE.</summary>
    /// <exception cref="ArgumentException">The images are too many.</exception>
    public static EmbeddingMap OfNeighbours(EmbeddingSet set, double perplexity)
    {
        if (set.Count > NeighbourMap.MostImages)
            throw new ArgumentException($"t-SNE takes at most {NeighbourMap.MostImages} images, and {set.Count} are asked. Give --images.");
        var map = NeighbourMap.Of(set, perplexity);
        return new EmbeddingMap { Places = map.Places, Kind = string.Create(CultureInfo.InvariantCulture, $"by t-SNE of perplexity {perplexity:0.##}"), Divergence = map.Divergence };
    }

    /// <summary>The map as a figure.</summary>
    /// <param name="set">Its images.</param>
    /// <param name="classes">Their classes' names.</param>
    /// <param name="note">What stands below.</param>
    public Figure Draw(EmbeddingSet set, IReadOnlyList<string> classes, string note)
    {
        ChartLine[] lines = [.. set.Labels.Distinct().Order().Select((label, number) => new ChartLine(
            classes.Count <= MostNamed ? classes[label] : $"class {label}",
            [.. Enumerable.Range(0, set.Count).Where(i => set.Labels[i] == label).Select(i => ((double)Places[2 * i], (double)Places[(2 * i) + 1]))],
            LineStyle.Of(number)))];
        (string first, string second) = Shares is [double along, double across] ? ($"first component, {Percent(along)} of the variance", $"second component, {Percent(across)}") : ("", "");
        return new Figure($"Embeddings {Kind}", [new ChartPanel($"A point for each image, a colour for each class{(lines.Any(line => line.Style.Dashes.Count > 0) ? "; open where the legend is dashed" : "")}", first, second, lines) { HasPointsAlone = true, Side = 1.6f }]) { Note = note };
    }

    private static string Percent(double share) => share.ToString("P1", CultureInfo.InvariantCulture);
}
