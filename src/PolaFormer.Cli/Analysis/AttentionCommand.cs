using System.CommandLine;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.NN.Attention;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>attention IMAGE</c>: where a network looks, as a figure; of a folder the mean over its images.</summary>
internal static class AttentionCommand
{
    private const int MostImages = 1 << 20;

    public static Command Create()
    {
        Argument<string> image = AnalysisOptions.ImageOrFolder();
        Option<string?> checkpoint = AnalysisOptions.Checkpoint(), model = AnalysisOptions.Model(), html = AnalysisOptions.Html();
        var layer = new Option<string?>("--layer") { HelpName = "N|NAME", Description = "One layer, by number from 1 or by name; a panel for each by default." };
        var head = new Option<int?>("--head") { HelpName = "N", Description = "One head, from 1; the mean of all by default.", CustomParser = Numbers.OneOrNone(1, int.MaxValue) };
        var query = new Option<string?>("--query") { HelpName = "X,Y", Description = "Pixel of the image whose row of attention is drawn; the middle by default." };
        var rollout = new Option<bool>("--rollout") { Description = "Carry attention through all layers instead: where the result comes from; with --class, where that of a class." };
        var gradCam = new Option<bool>("--grad-cam") { Description = "Draw Grad-CAM instead: the places of the last feature map that raise a class." };
        var ofClass = new Option<string?>("--class") { HelpName = "NAME|N", Description = "The class of --rollout or --grad-cam, by name or number from 0; the most probable one for --grad-cam by default." };
        Option<string[]> mechanisms = AnalysisOptions.Mechanisms("Also draw what these mechanisms would make of the same queries and keys; 'all' for all.");
        var smooth = new Option<bool>("--smooth") { Description = "Interpolate between the middles of tokens; by default each token is a square of its size." };
        var images = new Option<int>("--images") { HelpName = "N", Description = "The most images of a folder, evenly spread over it.", DefaultValueFactory = _ => 64, CustomParser = Numbers.One(1, MostImages) };
        var output = new Option<string>("--output", "-o") { HelpName = "FILE", Description = "The figure: .png, .svg or .pdf.", DefaultValueFactory = _ => "attention.png" };
        var files = new ResultFiles();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("attention", "Draw where a network looks.") { image, checkpoint, model, layer, head, query, rollout, gradCam, ofClass, mechanisms, smooth, images, output, html, json };
        files.AddTo(command);
        command.SetAction(parsed =>
        {
            bool isRollout = parsed.GetValue(rollout), isGradCam = parsed.GetValue(gradCam);
            string? chosen = parsed.GetValue(ofClass);
            string path = parsed.GetValue(image)!, picture = parsed.GetValue(output)!;
            if (isRollout && isGradCam)
                throw new ArgumentException("--rollout and --grad-cam are two figures: choose one.");
            if ((isRollout || isGradCam) && (parsed.GetValue(query) is not null || parsed.GetValue(layer) is not null || parsed.GetValue(head) is not null))
                throw new ArgumentException("--rollout and --grad-cam are of all layers and heads: leave --layer, --head and --query out.");
            if (chosen is not null && !isRollout && !isGradCam)
                throw new ArgumentException("--class goes with --rollout or --grad-cam; rows of attention are of no class.");
            if (parsed.GetValue(query) is not null && Directory.Exists(path))
                throw new ArgumentException("--query is a pixel of one image; of a folder the middle token is looked at.");
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            AnalysisOptions.CheckFigure("--output", picture);
            CommonOptions.CheckOutputs([("--output", picture, ""), ("--html", parsed.GetValue(html), ".html"), .. files.Of(parsed)], Directory.Exists(path) ? null : path, weights);
            IReadOnlyList<AttentionEntry> others = AnalysisOptions.Entries(parsed.GetValue(mechanisms));
            var figure = new AttentionFigure(path);
            foreach (ProbedImage probed in ProbedImage.Each(path, weights, parsed.GetValue(model), parsed.GetValue(images)))
            {
                figure.Add(probed, isGradCam ? [GradCamOf(probed, chosen)] : isRollout ? [RolloutOf(probed, chosen)]
                    : Rows(probed.Chosen(parsed.GetValue(layer)), parsed.GetValue(head), probed.PlaceOf(parsed.GetValue(query)), others));
            }

            Write(figure, parsed.GetValue(smooth), picture, parsed.GetValue(html), parsed.GetValue(json));
            files.Write(parsed, figure.Numbers(), figure.Table(), figure.Note, figure.Arrays());
        });
        return command;
    }

    /// <summary>Rows of attention of layers and of what other mechanisms would make of the same queries and keys.</summary>
    internal static IReadOnlyList<AttentionMap> Rows(IEnumerable<ProbedLayer> layers, int? head, (float X, float Y) place, IReadOnlyList<AttentionEntry> others) =>
        [.. layers.SelectMany(layer => ProbedImage.Beside(layer, others)).Select(layer => AttentionMap.OfQuery(layer, place, head))];

    private static AttentionMap RolloutOf(ProbedImage probed, string? chosen)
    {
        if (chosen is null)
            return AttentionMap.OfRollout(probed.Layers);
        (ClassProbe probe, string name) = probed.ForClass(chosen);
        return AttentionMap.OfRollout(probe, name);
    }

    private static AttentionMap GradCamOf(ProbedImage probed, string? chosen)
    {
        (ClassProbe probe, string name) = probed.ForClass(chosen);
        return AttentionMap.OfGradCam(probe, name);
    }

    private static void Write(AttentionFigure figure, bool isSmooth, string output, string? html, bool json)
    {
        Figure drawn = figure.Draw(isSmooth);
        drawn.Write(output);
        if (html is not null)
        {
            var section = new ReportSection("Attention") { Text = drawn.Note, Pictures = ReportPicture.Of(drawn.Panels), Table = figure.Table() };
            new AnalysisReport(drawn.Title, figure.Source, [section]).Write(html);
        }

        if (json)
        {
            Json.Print(new { picture = output, report = html, images = figure.Count, panels = figure.Maps.Select(map => new { layer = map.Layer, mechanism = map.Mechanism, weights = map.Weights }) });
            return;
        }

        ConsoleTable.Print(figure.Table());
        Console.WriteLine($"{output}: {figure.Maps.Count} map{(figure.Maps.Count == 1 ? "" : "s")} of {PlainText.Of(figure.Source)}");
    }
}
