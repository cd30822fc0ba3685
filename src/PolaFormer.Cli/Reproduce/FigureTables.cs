using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Cli.Analysis;
using PolaFormer.NN.Attention;
using PolaFormer.Reproduction;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Reproduce;

/// <summary>The paper's figures of what attention does to an image, with the numbers that belong to them.</summary>
internal static class FigureTables
{
    private const int Rows = 32;

    private static readonly string[] s_others = ["softmax", "elu", "focused"];

    /// <summary>Figure 1: a query's row of attention in the first layer, as its mechanism and as others would have it.</summary>
    /// <param name="probed">The image.</param>
    /// <param name="query">The query's pixel X,Y; the middle where null.</param>
    public static ReproducedTable Figure1(ProbedImage probed, string? query)
    {
        IReadOnlyList<AttentionMap> maps = MapsOf(probed, query);
        return new ReproducedTable("figure1", "Figure 1: attention of a query over an image", new ReportTable(
            ["layer", "mechanism", "entropy", "of ln n", "largest weight"],
            [.. maps.Select(map => (string[])[map.Layer, map.Mechanism, .. Spread(map)])]))
        {
            Notes = [OwnQueries, QueryNote],
            Figure = new Figure("Attention of a query over an image", PanelsOf(probed, maps)) { Columns = 5, Note = $"{NameOf(probed)}. {OwnQueries} {ScaleNote}" },
        };
    }

    /// <summary>Figure 6: the same for several images, a row each.</summary>
    public static ReproducedTable Figure6(IEnumerable<ProbedImage> images)
    {
        var rows = new List<IReadOnlyList<string>>();
        var panels = new List<FigurePanel>();
        foreach (ProbedImage probed in images)
        {
            IReadOnlyList<AttentionMap> maps = MapsOf(probed, null);
            rows.AddRange(maps.Select(map => (string[])[NameOf(probed), map.Mechanism, .. Spread(map)]));
            panels.AddRange(PanelsOf(probed, maps));
        }

        return new ReproducedTable("figure6", "Figure 6: attention of a query over several images", new ReportTable(["image", "mechanism", "entropy", "of ln n", "largest weight"], rows))
        {
            Notes = [OwnQueries, QueryNote],
            Figure = new Figure("Attention of a query over several images", panels) { Columns = s_others.Length + 2, Note = $"{OwnQueries} {ScaleNote}" },
        };
    }

    /// <summary>Figure 3: the gates of same- and opposite-signed pairs and their correlation.</summary>
    /// <exception cref="ArgumentException">The network has no gates.</exception>
    public static ReproducedTable Figure3(ProbedImage probed)
    {
        GateProfile[] gates = [.. probed.Layers.SelectMany(GateProfile.Of)];
        if (gates.Length == 0)
            throw new ArgumentException($"{probed.Classifier.Model.GetType().Name} has no polarity attention with gates.");
        double[] correlations = [.. gates.Select(gate => gate.Correlation).Where(double.IsFinite)];
        string found = string.Create(CultureInfo.InvariantCulture, $"Pearson's correlation of the two gates over tokens and channels: mean {correlations.Average():F3}, below 0 in {correlations.Count(value => value < 0)} of {correlations.Length} heads. The paper reports a negative correlation.");
        return new ReproducedTable("figure3", "Figure 3: the gates of same- and opposite-signed pairs", new ReportTable(
            ["layer", "head", "tokens", "correlation"],
            [.. gates.Select(gate => (string[])[gate.Layer, $"{gate.Head + 1}", $"{gate.Tokens}", Number(gate.Correlation)])]))
        {
            Notes = [found, "The figure shows the gates of the first layer over the image, the mean over channels for each token, and the correlations of their channels over tokens."],
            Figure = new Figure("Gates of same- and opposite-signed pairs", GatesCommand.Panels(probed, gates.Where(gate => gate.Layer == gates[0].Layer)))
            {
                Columns = 3,
                Note = $"{NameOf(probed)}. {found} Both gates of a head are on one scale; of the correlations, rows are channels of the same-signed gate, columns of the opposite-signed one.",
            },
        };
    }

    /// <summary>Figure 5: how fast the weights of a row fall, and the entropy of rows.</summary>
    public static ReproducedTable Figure5(ProbedImage probed)
    {
        EntropySurvey survey = EntropySurvey.Of([probed], [.. s_others.Select(AttentionRegistry.Find)], Rows);
        return new ReproducedTable("figure5", "Figure 5: rows of attention and their entropy", survey.Table())
        {
            Notes = [OwnQueries, "Entropy in nats, the mean over queries, heads and streams; that of equal weights is ln n. The curves: the mean weight at each rank of a row."],
            Charts = survey.Charts(),
            Figure = survey.Draw(),
        };
    }

    private static string OwnQueries => "All mechanisms see the queries and keys of the same network, which was trained with its own mechanism; what others would learn is not shown.";

    private static string QueryNote => "A rotary encoding of features is left out. The query's token is framed; weights are the mean of heads and streams. The paper's query lies on a bird's wing, in networks that were trained with each mechanism.";

    private static string ScaleNote => "Dark violet is the least weight of a panel, yellow the most; the numbers are the weights. Each token is a square of its size.";

    // Features turned by a rotary encoding give negative weights, for which the entropy is not defined.
    private static IReadOnlyList<AttentionMap> MapsOf(ProbedImage probed, string? query)
    {
        ProbedLayer layer = probed.Layers[0] with { Inputs = probed.Layers[0].Inputs with { Rotary = null } };
        (float X, float Y) place = probed.PlaceOf(query);
        return [.. s_others.Select(AttentionRegistry.Find).Select(entry => AttentionMap.OfQuery(ProbedImage.Under(layer, entry), place)), AttentionMap.OfQuery(layer, place)];
    }

    private static IReadOnlyList<FigurePanel> PanelsOf(ProbedImage probed, IReadOnlyList<AttentionMap> maps) =>
        [new MapPanel($"{NameOf(probed)}, as the network sees it", probed.Picture) { Query = maps[0].Query }, .. maps.Select(map => map.Over(probed.Picture))];

    private static string NameOf(ProbedImage probed) => ImageFiles.NameOf(Path.GetFileName(probed.File));

    private static string[] Spread(AttentionMap map) => map.Entropy is { } entropy
        ? [Number(entropy), Number(entropy / Math.Log(map.Weights.Length)), Number(map.LargestShare)]
        : [ReproducedTable.NotRun, ReproducedTable.NotRun, Number(map.Weights.Max())];

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("F3", CultureInfo.InvariantCulture) : ReproducedTable.NotRun;
}
