using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;
using PolaFormer.NN.Attention;
using PolaFormer.Reproduction;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>entropy IMAGE</c>: how evenly attention is spread; <c>entropy --theorem</c>: what lowers it.</summary>
internal static class EntropyCommand
{
    /// <summary>Headings of the table of layers.</summary>
    internal static IReadOnlyList<string> Columns { get; } = ["layer", "mechanism", "keys", "ln n", "entropy", "of ln n", "lowest head", "highest head", "largest weight"];

    public static Command Create()
    {
        var image = new Argument<string?>("IMAGE") { Arity = ArgumentArity.ZeroOrOne, Description = "An image file: JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or ICO." };
        Option<string?> checkpoint = AnalysisOptions.Checkpoint(), model = AnalysisOptions.Model(), html = AnalysisOptions.Html();
        var rows = new Option<int>("--rows") { HelpName = "N", Description = "Queries to look at in each layer.", DefaultValueFactory = _ => 32, CustomParser = Numbers.One(1, int.MaxValue) };
        Option<string[]> mechanisms = AnalysisOptions.Mechanisms("Also for what these mechanisms would make of the same queries and keys; 'all' for all.");
        var theorem = new Option<bool>("--theorem") { Description = "Test the paper's theorem 1 on random rows instead: does a convex map lower entropy?" };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("entropy", "Measure how evenly attention is spread.") { image, checkpoint, model, rows, mechanisms, theorem, html, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(theorem) == (parsed.GetValue(image) is not null))
                throw new ArgumentException("Give an image, or --theorem.");
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html")], parsed.GetValue(image), weights);
            if (parsed.GetValue(theorem))
            {
                ShowTheorem(parsed.GetValue(html), parsed.GetValue(json));
                return;
            }

            ProbedImage probed = ProbedImage.Load(parsed.GetValue(image)!, weights, parsed.GetValue(model));
            IReadOnlyList<AttentionEntry> others = AnalysisOptions.Entries(parsed.GetValue(mechanisms));
            EntropyProfile[] profiles = [.. probed.Layers.SelectMany(layer => Profiles(layer, others, parsed.GetValue(rows)))];
            ShowProfiles(probed, profiles, parsed.GetValue(html), parsed.GetValue(json));
        });
        return command;
    }

    /// <summary>Profiles of a layer and of what other mechanisms would make of the same queries and keys.</summary>
    internal static IEnumerable<EntropyProfile> Profiles(ProbedLayer layer, IReadOnlyList<AttentionEntry> others, int rows) =>
        EntropyProfile.Of(layer, rows).Concat(others.SelectMany(entry => EntropyProfile.Of(ProbedImage.Under(layer, entry), rows).Select(profile => profile with { Mechanism = entry.Title })));

    private static void ShowProfiles(ProbedImage probed, EntropyProfile[] profiles, string? html, bool json)
    {
        IGrouping<(string Layer, string Mechanism), EntropyProfile>[] groups = [.. profiles.GroupBy(profile => (profile.Layer, profile.Mechanism))];
        var table = new ReportTable(
            Columns,
            [.. groups.Select(Cells)]);
        if (html is not null)
        {
            ReportSection[] sections =
            [
                new("Entropy") { Text = "Positive-sequence entropy of attention rows in nats, the mean over queries, heads and streams. ln n is that of equal weights; a spiky row has less. A dash: the mechanism has negative weights, for which the entropy is not defined.", Table = table },
                new("Row distributions")
                {
                    Text = "The mean weight at each rank of a row, heads and streams averaged: the faster it falls, the sharper the attention (figure 5 of the paper).",
                    Charts = [.. groups.GroupBy(group => group.Key.Layer).Select(RowDistribution)],
                },
            ];
            new AnalysisReport($"Entropy of {probed.Classifier.Model.GetType().Name}", $"{probed.Layers.Count} layers", sections).Write(html);
        }

        if (json)
            Json.Print(profiles.Select(profile => new { layer = profile.Layer, mechanism = profile.Mechanism, head = profile.Head + 1, stream = profile.Stream + 1, keys = profile.Keys, entropy = profile.Entropy, uniform = profile.Uniform, largest = profile.Largest.Take(32) }));
        else
            ConsoleTable.Print(table);
    }

    /// <summary>A row of the table for the heads of a layer under a mechanism.</summary>
    internal static string[] Cells(IGrouping<(string Layer, string Mechanism), EntropyProfile> group)
    {
        double[] entropies = [.. group.Where(profile => profile.Entropy is not null).Select(profile => profile.Entropy!.Value)];
        double uniform = group.First().Uniform;
        string Nats(Func<double[], double> of) => entropies.Length == 0 ? "–" : of(entropies).ToString("F3", CultureInfo.InvariantCulture);
        return
        [
            group.Key.Layer, group.Key.Mechanism, group.First().Keys.ToString(CultureInfo.InvariantCulture), uniform.ToString("F3", CultureInfo.InvariantCulture),
            Nats(values => values.Average()), entropies.Length == 0 || uniform == 0 ? "–" : (entropies.Average() / uniform).ToString("P1", CultureInfo.InvariantCulture),
            Nats(values => values.Min()), Nats(values => values.Max()), group.Average(profile => profile.Largest[0]).ToString("F4", CultureInfo.InvariantCulture),
        ];
    }

    /// <summary>The weights of a layer's rows over their rank, a line for each mechanism.</summary>
    internal static ReportChart RowDistribution(IGrouping<string, IGrouping<(string Layer, string Mechanism), EntropyProfile>> layer)
    {
        int keys = layer.First().First().Keys;
        ReportSeries Series(IGrouping<(string Layer, string Mechanism), EntropyProfile> group) => new(
            group.Key.Mechanism,
            [.. Enumerable.Range(0, keys).Select(rank => group.Average(profile => profile.Largest[rank])).Select(weight => weight > 0 ? weight : default(double?))]);
        return new ReportChart(layer.Key, "rank", "weight", [.. Enumerable.Range(1, keys).Select(rank => (double)rank)], [.. layer.Select(Series)], IsLogarithmic: true);
    }

    private static void ShowTheorem(string? html, bool json)
    {
        IReadOnlyList<EntropyTrial> trials = TheoremTable.TryAll();
        ReproducedTable theorem = TheoremTable.Of(trials);
        if (html is not null)
            new AnalysisReport(theorem.Title, "theorem 1 of the paper", [new ReportSection(theorem.Title) { Text = string.Join(' ', theorem.Notes), Table = theorem.Table }]).Write(html);

        if (json)
            Json.Print(trials);
        else
            ConsoleTable.Print(theorem.Table);
    }
}
