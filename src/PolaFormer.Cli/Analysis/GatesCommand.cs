using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;

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
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("gates", "Show the gates, exponents and ranks of polarity attention.") { image, checkpoint, model, rankTokens, html, json };
        command.SetAction(parsed =>
        {
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html")], parsed.GetValue(image), weights);
            ProbedImage probed = ProbedImage.Load(parsed.GetValue(image)!, weights, parsed.GetValue(model));
            LayerFigures[] figures = [.. probed.Layers.Select(layer => LayerFigures.Of(layer, parsed.GetValue(rankTokens)))];
            if (figures.All(layer => layer.Gates.Count == 0 && layer.Layer.Sharpness.Length == 0))
                throw new ArgumentException($"{probed.Classifier.Model.GetType().Name} has no polarity attention.");
            Show(probed, figures, parsed.GetValue(html), parsed.GetValue(json));
        });
        return command;
    }

    private static void Show(ProbedImage probed, LayerFigures[] figures, string? html, bool json)
    {
        var table = new ReportTable(
            ["layer", "mechanism", "tokens", "heads", "gates' correlation", "sharpness least", "mean", "most", "rank of A", "with local"],
            [.. figures.Select(figure => figure.Cells())]);
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
                Text = "Gates: tokens from top to bottom, channels from left to right. Correlations: channels of the same-signed gate from top to bottom, of the opposite-signed one from left to right; violet is the least of the picture, yellow the most.",
                Pictures =
                [
                    .. figure.Gates.SelectMany(gate => (ReportPicture[])
                    [
                        new($"head {gate.Head + 1}, same-signed", HeatMap.OfMatrix(gate.Same, gate.Channels, Scale(gate))),
                        new($"head {gate.Head + 1}, opposite-signed", HeatMap.OfMatrix(gate.Opposite, gate.Channels, Scale(gate))),
                        new($"head {gate.Head + 1}, correlations", HeatMap.OfMatrix(gate.ChannelCorrelations(), gate.Channels, Math.Clamp(160 / gate.Channels, 1, 12))),
                    ]),
                ],
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

    private static int Scale(GateProfile gate) => Math.Clamp(256 / gate.Tokens, 1, 8);

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
