using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Analysis;

/// <summary>Maps of an image, or their means over the images of a folder, as a figure, tables and arrays.</summary>
/// <param name="path">The image or the folder.</param>
internal sealed class AttentionFigure(string path)
{
    private readonly List<IReadOnlyList<AttentionMap>> _images = [];
    private float[] _pixels = [];
    private ProbedImage? _last;

    /// <summary>Images seen.</summary>
    public int Count => _images.Count;

    /// <summary>The maps, each the mean over images.</summary>
    public IReadOnlyList<AttentionMap> Maps => [.. Enumerable.Range(0, _images[0].Count).Select(i => AttentionMap.Mean([.. _images.Select(maps => maps[i])]))];

    /// <summary>The file, or the folder and the number of its images.</summary>
    public string Source => Count == 1 ? ImageFiles.NameOf(Path.GetFileName(_last!.File)) : $"{ImageFiles.NameOf(path)}, mean of {Count} images";

    /// <summary>What holds for all maps.</summary>
    public string Note => $"{Source}; {_last!.Classifier.Model.GetType().Name}. Dark violet is the least weight of a panel, yellow the most; the numbers are the weights. "
        + (Maps.Any(map => map.Query is not null) ? "The framed token is the query. " : "")
        + (Count > 1 ? "Behind the maps lies the mean of the images." : "");

    /// <summary>Adds the maps of an image.</summary>
    public void Add(ProbedImage probed, IReadOnlyList<AttentionMap> maps)
    {
        _images.Add(maps);
        ReadOnlySpan<byte> pixels = probed.Picture.Pixels;
        if (_pixels.Length == 0)
            _pixels = new float[pixels.Length];
        for (int i = 0; i < pixels.Length; i++)
            _pixels[i] += pixels[i];
        _last = probed;
    }

    /// <summary>The image, and a panel for each map.</summary>
    /// <param name="isSmooth">Whether weights are interpolated between tokens.</param>
    public Figure Draw(bool isSmooth)
    {
        var picture = new Image(_last!.Picture.Width, _last.Picture.Height, [.. _pixels.Select(sum => (byte)MathF.Round(sum / Count))]);
        return new Figure(Maps is [{ Query: null } only] ? $"{only.Mechanism}" : "Attention of a query", [new MapPanel(Count == 1 ? "The image as the network sees it" : "Mean of the images", picture), .. Maps.Select(map => map.Over(picture, isSmooth))]) { Note = Note };
    }

    /// <summary>A row for each map: its entropy and largest weight, the mean over images.</summary>
    public ReportTable Table()
    {
        string[] deviation = Count > 1 ? ["± over images"] : [];
        return new ReportTable(["layer", "mechanism", "tokens", "entropy", .. deviation, "of ln n", "largest weight"], [.. Maps.Select((map, i) =>
        {
            double[] entropies = [.. _images.Select(maps => maps[i].Entropy).OfType<double>()];
            bool isDefined = entropies.Length == Count;
            string[] spread = Count > 1 ? [isDefined ? Number(SampleStatistics.DeviationOf(entropies)) : "–"] : [];
            return (string[])[map.Layer, map.Mechanism, $"{map.Weights.Length}", isDefined ? Number(entropies.Average()) : "–", .. spread,
                isDefined ? (entropies.Average() / Math.Log(map.Weights.Length)).ToString("P1", CultureInfo.InvariantCulture) : "–", Number(_images.Average(maps => maps[i].LargestShare))];
        })]);
    }

    /// <summary>A row for each weight.</summary>
    public ReportTable Numbers() => new(
        ["map", "layer", "mechanism", "row", "column", "weight"],
        [.. Maps.SelectMany((map, number) => map.Weights.Select((weight, i) => (string[])
        [
            Text(number + 1), map.Layer, map.Mechanism, Text((i / map.Columns) + 1), Text((i % map.Columns) + 1), weight.ToString("R", CultureInfo.InvariantCulture),
        ]))]);

    /// <summary>The maps, rows by columns, by number, layer and mechanism.</summary>
    public IEnumerable<NpzArray> Arrays() => Maps.Select((map, number) => new NpzArray($"{number + 1} {map.Layer} {map.Mechanism}", map.Weights, map.Rows, map.Columns));

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("F3", CultureInfo.InvariantCulture) : "–";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
