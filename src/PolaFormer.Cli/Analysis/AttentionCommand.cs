using System.CommandLine;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.NN.Attention;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>attention IMAGE</c>: where a network looks, as a picture.</summary>
internal static class AttentionCommand
{
    private const int PanelsPerRow = 4;

    public static Command Create()
    {
        Argument<string> image = AnalysisOptions.Image();
        Option<string?> checkpoint = AnalysisOptions.Checkpoint(), model = AnalysisOptions.Model(), html = AnalysisOptions.Html();
        var layer = new Option<string?>("--layer") { HelpName = "N|NAME", Description = "One layer, by number from 1 or by name; a panel for each by default." };
        var head = new Option<int?>("--head") { HelpName = "N", Description = "One head, from 1; the mean of all by default.", CustomParser = Numbers.OneOrNone(1, int.MaxValue) };
        var query = new Option<string?>("--query") { HelpName = "X,Y", Description = "Pixel of the image whose row of attention is drawn; the middle by default." };
        var rollout = new Option<bool>("--rollout") { Description = "Carry attention through all layers instead: where the result comes from." };
        Option<string[]> mechanisms = AnalysisOptions.Mechanisms("Also draw what these mechanisms would make of the same queries and keys; 'all' for all.");
        var output = new Option<string>("--output", "-o") { HelpName = "FILE", Description = "The picture.", DefaultValueFactory = _ => "attention.png" };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("attention", "Draw where a network looks.") { image, checkpoint, model, layer, head, query, rollout, mechanisms, output, html, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(rollout) && (parsed.GetValue(query) is not null || parsed.GetValue(layer) is not null || parsed.GetValue(head) is not null))
                throw new ArgumentException("--rollout goes through all layers and heads: leave --layer, --head and --query out.");
            string picture = parsed.GetValue(output)!;
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            CommonOptions.CheckOutputs([("--output", picture, ".png"), ("--html", parsed.GetValue(html), ".html")], parsed.GetValue(image), weights);
            ProbedImage probed = ProbedImage.Load(parsed.GetValue(image)!, weights, parsed.GetValue(model));
            IReadOnlyList<AttentionEntry> others = AnalysisOptions.Entries(parsed.GetValue(mechanisms));
            IReadOnlyList<Panel> panels = parsed.GetValue(rollout)
                ? [Rollout(probed)]
                : Rows(probed, probed.Chosen(parsed.GetValue(layer)), parsed.GetValue(head), Point(parsed.GetValue(query), parsed.GetValue(image)!, probed), others);
            Write(probed, panels, picture, parsed.GetValue(html), parsed.GetValue(image)!, parsed.GetValue(json));
        });
        return command;
    }

    private static Panel Rollout(ProbedImage probed)
    {
        float[] shares = AttentionRollout.Of(probed.Layers);
        ProbedLayer first = probed.Layers[0];
        return new Panel("rollout", "all layers", shares, HeatMap.Over(probed.Picture, shares, first.Height, first.Width));
    }

    private static IReadOnlyList<Panel> Rows(ProbedImage probed, IReadOnlyList<ProbedLayer> layers, int? head, (float X, float Y) point, IReadOnlyList<AttentionEntry> others)
    {
        var panels = new List<Panel>();
        foreach (ProbedLayer layer in layers)
        {
            panels.Add(Row(probed, layer, layer.MechanismName, head, point));
            foreach (AttentionEntry entry in others)
                panels.Add(Row(probed, ProbedImage.Under(layer, entry), entry.Title, head, point));
        }

        return panels;
    }

    /// <summary>A query's row of a layer, the mean of a head's streams or of all heads, drawn over the image.</summary>
    /// <param name="probed">The image.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="mechanism">Name in captions.</param>
    /// <param name="head">Head, from 1; all where null.</param>
    /// <param name="point">The query's place, both axes in [0, 1).</param>
    internal static Panel Row(ProbedImage probed, ProbedLayer layer, string mechanism, int? head, (float X, float Y) point)
    {
        if (head < 1 || head > layer.NumHeads)
            throw new ArgumentException($"{layer.Name} has heads 1 to {layer.NumHeads}, not {head}.");
        int row = (int)(point.Y * layer.Height), column = (int)(point.X * layer.Width);
        float[][] weights = AttentionWeights.Row(layer, layer.PrefixTokens + (row * layer.Width) + column);
        int first = head is null ? 0 : (head.Value - 1) * layer.Streams, count = head is null ? weights.Length : layer.Streams;
        int stride = layer.KeyStride, height = layer.Height / stride, width = layer.Width / stride;
        float[] mean = new float[height * width];
        foreach (float[] part in weights.AsSpan(first, count))
        {
            ReadOnlySpan<float> grid = part.AsSpan(part.Length - mean.Length);
            for (int i = 0; i < mean.Length; i++)
                mean[i] += grid[i] / count;
        }

        Image picture = HeatMap.Over(probed.Picture, mean, height, width);
        HeatMap.Mark(picture, row, column, layer.Height, layer.Width);
        return new Panel(layer.Name, mechanism, mean, picture);
    }

    private static void Write(ProbedImage probed, IReadOnlyList<Panel> panels, string output, string? html, string file, bool json)
    {
        Image[] pictures = [probed.Picture, .. panels.Select(panel => panel.Picture)];
        byte[] png = ImageEncoder.Png(HeatMap.Tile(pictures, PanelsPerRow));
        OutputFile.Write(output, stream => stream.Write(png));
        if (html is not null)
        {
            var section = new ReportSection("Attention")
            {
                Text = "Dark violet is the least weight of a panel, yellow the most. The framed token is the query.",
                Pictures = [new("the image as the network sees it", probed.Picture), .. panels.Select(panel => new ReportPicture($"{panel.Layer}: {panel.Mechanism}", panel.Picture))],
            };
            new AnalysisReport($"Attention of {probed.Classifier.Model.GetType().Name}", Path.GetFileName(file), [section]).Write(html);
        }

        if (json)
        {
            Json.Print(new { picture = output, report = html, panels = panels.Select(panel => new { layer = panel.Layer, mechanism = panel.Mechanism, weights = panel.Weights }) });
            return;
        }

        Console.WriteLine($"{output}: the image, then row by row:");
        foreach ((int number, Panel panel) in panels.Index())
            Console.WriteLine($"  {number + 2}. {panel.Layer}  {panel.Mechanism}");
        if (html is not null)
            Console.WriteLine($"{html}: the same with captions");
    }

    // From a pixel of the file to a place in what the network sees, both axes in [0, 1).
    private static (float X, float Y) Point(string? text, string file, ProbedImage probed)
    {
        if (text is null)
            return (0.5f, 0.5f);
        string[] parts = text.Split(',');
        if (parts.Length != 2 || !Numbers.TryRead(parts[0], out float x) || !Numbers.TryRead(parts[1], out float y))
            throw new ArgumentException($"--query takes a pixel X,Y, not '{text}'.");
        using Image image = ImageDecoder.Decode(file, probed.Classifier.Decoding);
        if (!(x >= 0 && x < image.Width && y >= 0 && y < image.Height))
            throw new ArgumentException($"--query {text} lies outside the image of {image.Width}×{image.Height} pixels.");
        float margin = (1 - ((float)probed.Classifier.Transform.ImageSize / probed.Classifier.Transform.ResizeSize)) / 2;
        (float X, float Y) place = (((x / image.Width) - margin) / (1 - (2 * margin)), ((y / image.Height) - margin) / (1 - (2 * margin)));
        return place is { X: >= 0 and < 1, Y: >= 0 and < 1 } ? place : throw new ArgumentException($"--query {text} lies in the margin that the network's transform cuts off.");
    }

    /// <summary>A picture with what it shows.</summary>
    internal sealed record Panel(string Layer, string Mechanism, float[] Weights, Image Picture);
}
