using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.NN.Attention;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Analysis;

/// <summary>The entropy of a network's layers over images, and of what other mechanisms would make of the same queries and keys.</summary>
internal sealed class EntropySurvey
{
    private readonly List<EntropyProfile[]> _images = [];

    private EntropySurvey()
    {
    }

    /// <summary>The network's type.</summary>
    public string Model { get; private set; } = "";

    /// <summary>The file, or the number of images.</summary>
    public string Source { get; private set; } = "";

    /// <summary>What the table shows.</summary>
    public string Caption => $"Positive-sequence entropy of attention of {Model} for {Source}, in nats.";

    /// <summary>A profile for each head and stream, the mean over images.</summary>
    public IReadOnlyList<EntropyProfile> Profiles => [.. Enumerable.Range(0, _images[0].Length).Select(i => EntropyProfile.Mean([.. _images.Select(profiles => profiles[i])]))];

    private IReadOnlyList<IGrouping<(string Layer, string Mechanism), EntropyProfile>> Groups => [.. Profiles.GroupBy(profile => (profile.Layer, profile.Mechanism))];

    /// <summary>Measures.</summary>
    /// <param name="images">The images, one at least.</param>
    /// <param name="others">Other mechanisms.</param>
    /// <param name="rows">Queries of each layer.</param>
    public static EntropySurvey Of(IEnumerable<ProbedImage> images, IReadOnlyList<AttentionEntry> others, int rows)
    {
        var survey = new EntropySurvey();
        foreach (ProbedImage probed in images)
        {
            survey._images.Add([.. probed.Layers.SelectMany(layer => ProbedImage.Beside(layer, others)).SelectMany(layer => EntropyProfile.Of(layer, rows))]);
            survey.Model = probed.Classifier.Model.GetType().Name;
            survey.Source = survey._images.Count == 1 ? ImageFiles.NameOf(Path.GetFileName(probed.File)) : $"{survey._images.Count} images";
        }

        return survey;
    }

    /// <summary>A row for each layer and mechanism.</summary>
    public ReportTable Table()
    {
        string[] deviation = _images.Count > 1 ? ["± over images"] : [];
        return new ReportTable(["layer", "mechanism", "keys", "ln n", "entropy", .. deviation, "of ln n", "lowest head", "highest head", "largest weight"], [.. Groups.Select(Cells)]);
    }

    /// <summary>A row for each head and stream.</summary>
    public ReportTable Numbers() => new(
        ["layer", "mechanism", "head", "stream", "keys", "entropy", "uniform", "largest_weight"],
        [.. Profiles.Select(profile => (string[])
        [
            profile.Layer, profile.Mechanism, Text(profile.Head + 1), Text(profile.Stream + 1), Text(profile.Keys), profile.Entropy is { } entropy ? Exact(entropy) : "", Exact(profile.Uniform), Exact(profile.Largest[0]),
        ])]);

    /// <summary>The mean weight at each rank of a row, by layer, mechanism, head and stream.</summary>
    public IEnumerable<NpzArray> Arrays() =>
        Profiles.Select(profile => new NpzArray($"{profile.Layer} {profile.Mechanism} head {profile.Head + 1} stream {profile.Stream + 1}", [.. profile.Largest.Select(weight => (float)weight)], profile.Keys));

    /// <summary>A chart for each layer: the weights of rows over their rank, a line for each mechanism.</summary>
    public IReadOnlyList<ReportChart> Charts() => [.. Groups.GroupBy(group => group.Key.Layer).Select(RowDistribution)];

    /// <summary>The charts as a figure.</summary>
    public Figure Draw() => new("Weights of a row of attention over their rank", [.. Charts().Select(chart => chart.ToPanel())])
    {
        Columns = 3,
        Note = $"{Source}; {Model}. The mean over queries, heads and streams: the faster a line falls, the sharper the attention. Both axes are logarithmic.",
    };

    private string[] Cells(IGrouping<(string Layer, string Mechanism), EntropyProfile> group)
    {
        double[] entropies = [.. group.Where(profile => profile.Entropy is not null).Select(profile => profile.Entropy!.Value)];
        double uniform = group.First().Uniform;
        string Nats(Func<double[], double> of) => entropies.Length == 0 ? "–" : of(entropies).ToString("F3", CultureInfo.InvariantCulture);
        double[] ofImages = [.. _images.Select(profiles => profiles.Where(profile => (profile.Layer, profile.Mechanism) == group.Key).Average(profile => profile.Entropy)).OfType<double>()];
        string[] deviation = _images.Count > 1 ? [Nats(_ => SampleStatistics.DeviationOf(ofImages))] : [];
        return
        [
            group.Key.Layer, group.Key.Mechanism, Text(group.First().Keys), uniform.ToString("F3", CultureInfo.InvariantCulture),
            Nats(values => values.Average()), .. deviation, entropies.Length == 0 || uniform == 0 ? "–" : (entropies.Average() / uniform).ToString("P1", CultureInfo.InvariantCulture),
            Nats(values => values.Min()), Nats(values => values.Max()), group.Average(profile => profile.Largest[0]).ToString("F4", CultureInfo.InvariantCulture),
        ];
    }

    private static ReportChart RowDistribution(IGrouping<string, IGrouping<(string Layer, string Mechanism), EntropyProfile>> layer)
    {
        int keys = layer.First().First().Keys;
        string[] mechanisms = [.. layer.Select(group => group.Key.Mechanism)];
        IReadOnlyList<LineStyle> styles = MechanismStyle.Of(mechanisms);
        return new ReportChart(
            layer.Key, "rank", "weight", [.. Enumerable.Range(1, keys).Select(rank => (double)rank)],
            [.. layer.Select((group, i) => new ReportSeries(
                group.Key.Mechanism,
                [.. Enumerable.Range(0, keys).Select(rank => group.Average(profile => profile.Largest[rank])).Select(weight => weight > 0 ? weight : default(double?))],
                styles[i]))],
            IsLogarithmic: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
