using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>gates IMAGE</c>: the gates of same- and opposite-signed pairs, the learned exponents, the rank of attention.</summary>
internal static class GatesCommand
{
    // A map of so many tokens has a gigabyte for each head.
    private const int MostRankTokens = 1 << 14;

    public static Command Create()
    {
        Argument<string> image = AnalysisOptions.Image();
        Option<string?> checkpoint = AnalysisOptions.Checkpoint(), model = AnalysisOptions.Model(), html = AnalysisOptions.Html();
        var rankTokens = new Option<int>("--rank-tokens") { HelpName = "N", Description = "Layers of more tokens get no effective rank, whose cost is N³.", DefaultValueFactory = _ => 400, CustomParser = Numbers.One(0, MostRankTokens) };
        var plot = new Option<string?>("--plot") { HelpName = "FILE", Description = "Also draw the gates over the image and their correlations: .png, .svg or .pdf." };
        var files = new ResultFiles();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("gates", "Show the gates, exponents and ranks of polarity attention.") { image, checkpoint, model, rankTokens, plot, html, json };
        files.AddTo(command);
        command.SetAction(parsed =>
        {
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            AnalysisOptions.CheckFigure("--plot", parsed.GetValue(plot));
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html"), ("--plot", parsed.GetValue(plot), ""), .. files.Of(parsed)], parsed.GetValue(image), weights);
            if (Directory.Exists(parsed.GetValue(image)))
                throw new ArgumentException($"{parsed.GetValue(image)} is a folder; gates are shown of one image.");
            ProbedImage probed = ProbedImage.Each(parsed.GetValue(image)!, weights, parsed.GetValue(model)).First();
            LayerFigures[] figures = [.. probed.Layers.Select(layer => LayerFigures.Of(layer, parsed.GetValue(rankTokens)))];
            if (figures.All(layer => layer.Gates.Count == 0 && layer.Layer.Sharpness.Length == 0))
                throw new ArgumentException($"{probed.Classifier.Model.GetType().Name} has no polarity attention.");
            var table = new ReportTable(
                ["layer", "mechanism", "tokens", "heads", "gates' correlation", "sharpness least", "mean", "most", "rank of A", "with local"],
                [.. figures.Select(figure => figure.Cells())]);
            string note = $"{ImageFiles.NameOf(Path.GetFileName(probed.File))}; {probed.Classifier.Model.GetType().Name}.";
            if (parsed.GetValue(plot) is { } picture)
                new Figure("Gates of same- and opposite-signed pairs", Panels(probed, figures.SelectMany(figure => figure.Gates))) { Columns = 3, Note = $"{note} A gate is drawn as the mean over its channels, on one scale for both; correlations are Pearson's over tokens, channels of the same-signed gate from top to bottom, of the opposite-signed one from left to right." }.Write(picture);
            Show(probed, figures, table, parsed.GetValue(html), parsed.GetValue(json));
            files.Write(parsed, NumbersOf(figures), table, $"Gates, sharpness and effective rank of polarity attention for {note}", Arrays(figures));
        });
        return command;
    }

    /// <summary>For each head both gates over the image, on one scale, and the correlations of their channels.</summary>
    internal static IReadOnlyList<FigurePanel> Panels(ProbedImage probed, IEnumerable<GateProfile> gates) => [.. gates.SelectMany(gate =>
    {
        AttentionMap same = AttentionMap.OfGate(gate, opposite: false), opposite = AttentionMap.OfGate(gate, opposite: true);
        var scale = ColorScale.Of([.. same.Weights, .. opposite.Weights]);
        return (FigurePanel[])
        [
            same.Over(probed.Picture) with { Scale = scale }, opposite.Over(probed.Picture) with { Scale = scale },
            new MatrixPanel($"Correlations of channels, {gate.Layer}, head {gate.Head + 1}", gate.ChannelCorrelations(), gate.Channels) { Scale = ColorScale.Around0(1) },
        ];
    })];

    private static ReportTable NumbersOf(LayerFigures[] figures) => new(
        ["layer", "head", "correlation", "rank", "rank_with_local"],
        [.. figures.SelectMany(figure => figure.Gates.Select(gate => (string[])
        [
            figure.Layer.Name, (gate.Head + 1).ToString(CultureInfo.InvariantCulture), gate.Correlation.ToString("R", CultureInfo.InvariantCulture),
            figure.Rank?.ToString("R", CultureInfo.InvariantCulture) ?? "", figure.RankWithLocal?.ToString("R", CultureInfo.InvariantCulture) ?? "",
        ]))]);

    private static IEnumerable<NpzArray> Arrays(LayerFigures[] figures) => figures.SelectMany(figure => figure.Gates.SelectMany(gate => (NpzArray[])
    [
        new($"{gate.Layer} head {gate.Head + 1} same", gate.Same, gate.Tokens, gate.Channels), new($"{gate.Layer} head {gate.Head + 1} opposite", gate.Opposite, gate.Tokens, gate.Channels),
    ])).Concat(figures.Where(figure => figure.Layer.Sharpness.Length > 0).Select(figure => new NpzArray($"{figure.Layer.Name} sharpness", figure.Layer.Sharpness, figure.Layer.Sharpness.Length)));

    private static void Show(ProbedImage probed, LayerFigures[] figures, ReportTable table, string? html, bool json)
    {
        if (html is not null)
        {
            var sections = new List<ReportSection>
            {
                new("Layers")
                {
                    Text = "Correlation: Pearson's, of the gates of same- and opposite-signed pairs over tokens and channels; below 0 they complement each other (figure 3 of the paper). Sharpness: the learned exponents 1 + α·sigmoid(power) of PolaFormer, the temperatures sigmoid(s) of PolaFormer++. Rank: effective rank of a head's map, mean over heads and streams, alone and with the depthwise convolution of the values.",
                    Table = table,
                },
            };
            sections.AddRange(figures.Where(figure => figure.Gates.Count > 0).Select(figure => new ReportSection(figure.Layer.Name)
            {
                Text = "Gates: the mean over channels for each token, on one scale for both. Correlations: channels of the same-signed gate from top to bottom, of the opposite-signed one from left to right; blue is -1, red 1.",
                Pictures = ReportPicture.Of(Panels(probed, figure.Gates)),
            }));
            new AnalysisReport($"Gates of {probed.Classifier.Model.GetType().Name}", $"{figures.Length} layers", sections).Write(html);
        }

        if (json)
        {
            Json.Print(figures.Select(figure => new
            {
                layer = figure.Layer.Name,
                correlations = figure.Gates.Select(gate => gate.Correlation),
                sharpness = figure.Layer.Sharpness,
                rank = figure.Rank,
                rank_with_local = figure.RankWithLocal,
            }));
        }
        else
        {
            ConsoleTable.Print(table);
        }
    }

    /// <summary>What one layer has to say.</summary>
    /// <param name="Layer">The layer.</param>
    /// <param name="Gates">Gates of its heads; none without polarity.</param>
    /// <param name="Rank">Mean effective rank of A; null where there are too many tokens.</param>
    /// <param name="RankWithLocal">The same with local terms.</param>
    private sealed record LayerFigures(ProbedLayer Layer, IReadOnlyList<GateProfile> Gates, double? Rank, double? RankWithLocal)
    {
        public static LayerFigures Of(ProbedLayer layer, int rankTokens)
        {
            bool isRanked = layer.Inputs.Query.Tokens <= rankTokens;
            int keys = layer.Inputs.Key.Tokens;
            double? Rank(Func<ProbedLayer, float[][]> maps) => isRanked ? maps(layer).Average(map => EffectiveRank.Of(map, keys)) : null;
            return new LayerFigures(layer, GateProfile.Of(layer), Rank(AttentionWeights.Maps), Rank(AttentionWeights.WholeMaps));
        }

        public string[] Cells()
        {
            float[] sharpness = Layer.Sharpness;
            double[] correlations = [.. Gates.Select(gate => gate.Correlation).Where(double.IsFinite)];
            return
            [
                Layer.Name, Layer.MechanismName, $"{Layer.Queries}", $"{Layer.NumHeads}", Number(correlations.Length == 0 ? null : correlations.Average()),
                Number(sharpness.Length == 0 ? null : sharpness.Min()), Number(sharpness.Length == 0 ? null : sharpness.Average()), Number(sharpness.Length == 0 ? null : sharpness.Max()),
                Number(Rank, "F1"), Number(RankWithLocal, "F1"),
            ];
        }

        private static string Number(double? value, string format = "F3") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
    }
}
