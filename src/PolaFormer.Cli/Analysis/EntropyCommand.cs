using System.CommandLine;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;
using PolaFormer.NN.Attention;
using PolaFormer.Reproduction;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>entropy IMAGE</c>: how evenly attention is spread; <c>entropy --theorem</c>: what lowers it.</summary>
internal static class EntropyCommand
{
    public static Command Create()
    {
        var image = new Argument<string?>("IMAGE") { Arity = ArgumentArity.ZeroOrOne, Description = "An image file (JPEG, PNG, WebP, GIF, BMP, TIFF, PPM or ICO), or a folder of images." };
        Option<string?> checkpoint = AnalysisOptions.Checkpoint(), model = AnalysisOptions.Model(), html = AnalysisOptions.Html();
        var rows = new Option<int>("--rows") { HelpName = "N", Description = "Queries to look at in each layer.", DefaultValueFactory = _ => 32, CustomParser = Numbers.One(1, int.MaxValue) };
        Option<string[]> mechanisms = AnalysisOptions.Mechanisms("Also for what these mechanisms would make of the same queries and keys; 'all' for all.");
        var theorem = new Option<bool>("--theorem") { Description = "Test the paper's theorem 1 on random rows instead: does a convex map lower entropy?" };
        var images = new Option<int>("--images") { HelpName = "N", Description = "The most images of a folder, evenly spread over it.", DefaultValueFactory = _ => 64, CustomParser = Numbers.One(1, int.MaxValue) };
        var plot = new Option<string?>("--plot") { HelpName = "FILE", Description = "Also draw the distributions of rows: .png, .svg or .pdf." };
        var files = new ResultFiles();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("entropy", "Measure how evenly attention is spread.") { image, checkpoint, model, rows, mechanisms, images, theorem, plot, html, json };
        files.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(theorem) == (parsed.GetValue(image) is not null))
                throw new ArgumentException("Give an image, or --theorem.");
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            string? path = parsed.GetValue(image);
            AnalysisOptions.CheckFigure("--plot", parsed.GetValue(plot));
            CommonOptions.CheckOutputs([("--html", parsed.GetValue(html), ".html"), ("--plot", parsed.GetValue(plot), ""), .. files.Of(parsed)], Directory.Exists(path) ? null : path, weights);
            if (parsed.GetValue(theorem))
            {
                if (parsed.GetValue(plot) is not null)
                    throw new ArgumentException("--plot draws rows of attention; --theorem has none.");
                ShowTheorem(parsed.GetValue(html), parsed.GetValue(json), files, parsed);
                return;
            }

            IReadOnlyList<AttentionEntry> others = AnalysisOptions.Entries(parsed.GetValue(mechanisms));
            EntropySurvey survey = EntropySurvey.Of(ProbedImage.Each(path!, weights, parsed.GetValue(model), parsed.GetValue(images)), others, parsed.GetValue(rows));
            if (parsed.GetValue(plot) is { } figure)
                survey.Draw().Write(figure);
            Show(survey, parsed.GetValue(html), parsed.GetValue(json));
            files.Write(parsed, survey.Numbers(), survey.Table(), survey.Caption, survey.Arrays());
        });
        return command;
    }

    private static void Show(EntropySurvey survey, string? html, bool json)
    {
        if (html is not null)
        {
            ReportSection[] sections =
            [
                new("Entropy") { Text = "Positive-sequence entropy of attention rows in nats, the mean over queries, heads and streams. ln n is that of equal weights; a spiky row has less. A dash: the mechanism has negative weights, for which the entropy is not defined.", Table = survey.Table() },
                new("Row distributions")
                {
                    Text = "The mean weight at each rank of a row, heads and streams averaged: the faster it falls, the sharper the attention (figure 5 of the paper).",
                    Charts = survey.Charts(),
                },
            ];
            new AnalysisReport($"Entropy of {survey.Model}", survey.Source, sections).Write(html);
        }

        if (json)
            Json.Print(survey.Profiles.Select(profile => new { layer = profile.Layer, mechanism = profile.Mechanism, head = profile.Head + 1, stream = profile.Stream + 1, keys = profile.Keys, entropy = profile.Entropy, uniform = profile.Uniform, largest = profile.Largest.Take(32) }));
        else
            ConsoleTable.Print(survey.Table());
    }

    private static void ShowTheorem(string? html, bool json, ResultFiles files, ParseResult parsed)
    {
        IReadOnlyList<EntropyTrial> trials = TheoremTable.TryAll();
        ReproducedTable theorem = TheoremTable.Of(trials);
        if (html is not null)
            new AnalysisReport(theorem.Title, "theorem 1 of the paper", [new ReportSection(theorem.Title) { Text = string.Join(' ', theorem.Notes), Table = theorem.Table }]).Write(html);

        if (json)
            Json.Print(trials);
        else
            ConsoleTable.Print(theorem.Table);
        files.Write(parsed, theorem.Table, theorem.Table, $"{theorem.Title} {string.Join(' ', theorem.Notes)}", [new NpzArray("before", [.. trials.Select(trial => (float)trial.Before)], trials.Count), new NpzArray("after", [.. trials.Select(trial => (float)trial.After)], trials.Count)]);
    }
}
