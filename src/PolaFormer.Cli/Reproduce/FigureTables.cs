using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;
using PolaFormer.Cli.Analysis;
using PolaFormer.NN.Attention;
using PolaFormer.Reproduction;

namespace PolaFormer.Cli.Reproduce;

/// <summary>The paper's figures of what attention does to an image, with the numbers that belong to them.</summary>
internal static class FigureTables
{
    private const int Rows = 32;

    private static readonly string[] s_others = ["softmax", "elu", "focused"];

    /// <summary>Figure 1: the middle token's row of attention in the first layer, as its mechanism and as others would have it.</summary>
    public static ReproducedTable Figure1(ProbedImage probed)
    {
        // Features turned by a rotary encoding give negative weights, for which the entropy is not defined.
        ProbedLayer layer = probed.Layers[0] with { Inputs = probed.Layers[0].Inputs with { Rotary = null } };
        AttentionCommand.Panel[] panels =
        [
            .. s_others.Select(AttentionRegistry.Find).Select(entry => AttentionCommand.Row(probed, ProbedImage.Under(layer, entry), entry.Title, null, (0.5f, 0.5f))),
            AttentionCommand.Row(probed, layer, layer.MechanismName, null, (0.5f, 0.5f)),
        ];
        return new ReproducedTable("figure1", "Figure 1: attention of a query over an image", new ReportTable(
            ["layer", "mechanism", "entropy", "of ln n", "largest weight"],
            [.. panels.Select(panel => (string[])[panel.Layer, panel.Mechanism, .. Spread(panel.Weights)])]))
        {
            Notes =
            [
                OwnQueries,
                "A rotary encoding of features is left out. The query is the token in the middle, framed; weights are the mean of heads and streams. The paper's query lies on a bird's wing, in networks that were trained with each mechanism.",
            ],
            Pictures = [new("the image", probed.Picture), .. panels.Select(panel => new ReportPicture(panel.Mechanism, panel.Picture))],
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
        return new ReproducedTable("figure3", "Figure 3: the gates of same- and opposite-signed pairs", new ReportTable(
            ["layer", "head", "tokens", "correlation"],
            [.. gates.Select(gate => (string[])[gate.Layer, $"{gate.Head + 1}", $"{gate.Tokens}", Number(gate.Correlation)])]))
        {
            Notes =
            [
                string.Create(CultureInfo.InvariantCulture, $"Pearson's correlation of the two gates over tokens and channels: mean {correlations.Average():F3}, below 0 in {correlations.Count(value => value < 0)} of {correlations.Length} heads. The paper reports a negative correlation."),
                "Pictures: gates of the first layer, tokens from top to bottom, channels from left to right; then the correlations of their channels.",
            ],
            PicturesInARow = 3,
            Pictures = [.. gates.Where(gate => gate.Layer == gates[0].Layer).SelectMany(gate => (ReportPicture[])
            [
                new($"head {gate.Head + 1}, same-signed", HeatMap.OfMatrix(gate.Same, gate.Channels, 2)),
                new($"head {gate.Head + 1}, opposite-signed", HeatMap.OfMatrix(gate.Opposite, gate.Channels, 2)),
                new($"head {gate.Head + 1}, correlations", HeatMap.OfMatrix(gate.ChannelCorrelations(), gate.Channels, Math.Clamp(160 / gate.Channels, 1, 12))),
            ])],
        };
    }

    /// <summary>Figure 5: how fast the weights of a row fall, and the entropy of rows.</summary>
    public static ReproducedTable Figure5(ProbedImage probed)
    {
        AttentionEntry[] others = [.. s_others.Select(AttentionRegistry.Find)];
        IGrouping<(string Layer, string Mechanism), EntropyProfile>[] groups = [.. probed.Layers.SelectMany(layer => EntropyCommand.Profiles(layer, others, Rows)).GroupBy(profile => (profile.Layer, profile.Mechanism))];
        return new ReproducedTable("figure5", "Figure 5: rows of attention and their entropy", new ReportTable(EntropyCommand.Columns, [.. groups.Select(EntropyCommand.Cells)]))
        {
            Notes = [OwnQueries, "Entropy in nats, the mean over queries, heads and streams; that of equal weights is ln n. The curves: the mean weight at each rank of a row."],
            Charts = [.. groups.GroupBy(group => group.Key.Layer).Select(EntropyCommand.RowDistribution)],
        };
    }

    private static string OwnQueries => "All mechanisms see the queries and keys of the same network, which was trained with its own mechanism; what others would learn is not shown.";

    private static string[] Spread(float[] weights)
    {
        double[] row = [.. weights.Select(weight => (double)weight)];
        if (row.Any(weight => weight < 0))
            return [ReproducedTable.NotRun, ReproducedTable.NotRun, Number(row.Max())];
        double entropy = AttentionEntropy.Of(row);
        return [Number(entropy), Number(entropy / Math.Log(row.Length)), Number(row.Max() / row.Sum())];
    }

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("F3", CultureInfo.InvariantCulture) : ReproducedTable.NotRun;
}
