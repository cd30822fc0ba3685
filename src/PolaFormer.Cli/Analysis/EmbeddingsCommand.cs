using System.CommandLine;
using System.Globalization;
using PolaFormer.Analysis;
using PolaFormer.Analysis.Figures;
using PolaFormer.Analysis.Report;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>analyze embeddings --data DIR</c>: how far a network separates classes before it classifies: nearest neighbours, a linear probe, a map.</summary>
internal static class EmbeddingsCommand
{
    private const int MostImages = 1 << 20;

    public static Command Create()
    {
        Option<string?> checkpoint = AnalysisOptions.Checkpoint(), model = AnalysisOptions.Model(), html = AnalysisOptions.Html();
        var data = new Option<string>("--data") { HelpName = "DIR", Description = "Folder or .tar.gz with a folder for each class, or with these in train/ and val/; where there is no val/, a fifth is held out.", Required = true };
        var images = new Option<int>("--images") { HelpName = "N", Description = "The most images to fit and to ask each, evenly spread over the data.", DefaultValueFactory = _ => 2000, CustomParser = Numbers.One(1, MostImages) };
        var neighbours = new Option<int>("--k") { HelpName = "N", Description = "Nearest neighbours that vote.", DefaultValueFactory = _ => 20, CustomParser = Numbers.One(1, MostImages) };
        var seed = new Option<int>("--seed") { HelpName = "N", Description = "Seed of the division where there is no val/.", CustomParser = Numbers.One(0, int.MaxValue) };
        var batch = new Option<int>("--batch") { HelpName = "B", Description = "Images at a time.", DefaultValueFactory = _ => 32, CustomParser = Numbers.One(1, 1 << 20) };
        var plot = new Option<string?>("--plot") { HelpName = "FILE", Description = "Also draw the map of the images: .png, .svg or .pdf." };
        var kind = new Option<string>("--map") { Description = "The map: along the two principal components, or t-SNE, on which neighbours stay neighbours, of at most 10,000 images.", DefaultValueFactory = _ => "pca" };
        kind.AcceptOnlyFromAmong("pca", "tsne");
        var perplexity = new Option<double>("--perplexity") { HelpName = "N", Description = "About how many neighbours an image has in t-SNE.", DefaultValueFactory = _ => 30, CustomParser = Numbers.One(2.0, NeighbourMap.MostImages) };
        Option<string?> device = CommonOptions.Device();
        Option<int?> threads = CommonOptions.Threads();
        var files = new ResultFiles();
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("embeddings", "Measure how far a network separates classes: nearest neighbours, linear probe, map.") { checkpoint, model, data, images, neighbours, seed, batch, plot, kind, perplexity, html, device, threads, json };
        files.AddTo(command);
        command.SetAction(parsed =>
        {
            CommonOptions.UseThreads(parsed.GetValue(threads));
            using IDisposable use = CommonOptions.UseDevice(parsed.GetValue(device));
            string weights = parsed.GetValue(checkpoint) ?? ShippedCheckpoint.Find();
            AnalysisOptions.CheckFigure("--plot", parsed.GetValue(plot));
            CommonOptions.CheckOutputs([("--plot", parsed.GetValue(plot), ""), ("--html", parsed.GetValue(html), ".html"), .. files.Of(parsed)], weights);
            TrainingConfig config = ConfigurationReader.Read(null, ["DATA.HOLD_OUT", "0.2", "SEED", $"{parsed.GetValue(seed)}"]);
            config.Data.DataPath = parsed.GetValue(data)!;
            (IImageDataset train, IImageDataset test) = TrainingData.OpenSplits(config);
            var classifier = ImageClassifier.Load(weights, new ClassifierOptions { ModelName = parsed.GetValue(model) });
            EmbeddingSet known = Embed(classifier, train, parsed.GetValue(images), parsed.GetValue(batch)), asked = Embed(classifier, test, parsed.GetValue(images), parsed.GetValue(batch));
            int k = Math.Min(parsed.GetValue(neighbours), known.Count);
            double nearest = NearestNeighbours.Accuracy(known, asked, k), probed = LinearProbe.Accuracy(known, asked);
            EmbeddingMap map = parsed.GetValue(kind) == "tsne" ? EmbeddingMap.OfNeighbours(asked, parsed.GetValue(perplexity)) : EmbeddingMap.OfComponents(asked);
            string note = $"{classifier.Model.GetType().Name}, {ImageFiles.NameOf(parsed.GetValue(data)!)}: {known.Count} images to fit, {asked.Count} to ask, {known.Width} channels.";
            var table = new ReportTable(["method", "top-1"], [[$"{k} nearest neighbours", Percent(nearest)], ["linear probe", Percent(probed)]]);
            Figure figure = map.Draw(asked, test.Classes, note);
            if (parsed.GetValue(plot) is { } picture)
                figure.Write(picture);
            if (parsed.GetValue(html) is { } page)
                Page(table, figure, map, note).Write(page);
            if (parsed.GetValue(json))
                Json.Print(new { images_known = known.Count, images_asked = asked.Count, channels = known.Width, k, nearest_neighbours = nearest, linear_probe = probed, map = parsed.GetValue(kind), variance_shares = map.Shares, divergence = map.Divergence });
            else
                Print(table, note);
            files.Write(parsed, NumbersOf(map, asked, test.Classes), table, note, [
                new NpzArray("embeddings", asked.Values, asked.Count, asked.Width), new NpzArray("labels", [.. asked.Labels.Select(label => (float)label)], asked.Count),
                new NpzArray("train_embeddings", known.Values, known.Count, known.Width), new NpzArray("train_labels", [.. known.Labels.Select(label => (float)label)], known.Count),
                new NpzArray("map", map.Places, asked.Count, 2),
            ]);
        });
        return command;
    }

    private static EmbeddingSet Embed(ImageClassifier classifier, IImageDataset images, int most, int batchSize)
    {
        int count = Math.Min(most, images.Count);
        var subset = new ImageSubset(images, [.. Enumerable.Range(0, count).Select(i => (int)((i + 0.5) * images.Count / count))]);
        var values = new List<float>();
        var labels = new List<int>();
        foreach (Batch batch in new DataLoader(subset, classifier.Transform, new DataLoaderOptions { BatchSize = Math.Min(batchSize, count) }).Epoch(0))
        {
            using var scope = MemoryScope.Enter();
            Tensor input = Tensor.From(batch.Images, [batch.Count, batch.ImageSize, batch.ImageSize, Image.Channels], classifier.Model.Device);
            values.AddRange(classifier.Model.ForwardPooled(classifier.Model.ForwardFeatures(input)).ToArray());
            labels.AddRange(batch.Labels);
        }

        return new EmbeddingSet([.. values], values.Count / labels.Count, [.. labels]);
    }

    private static AnalysisReport Page(ReportTable table, Figure figure, EmbeddingMap map, string note) => new("Embeddings", note, [
        new ReportSection("Classes read off embeddings")
        {
            Text = "Nearest neighbours: each votes by its cosine. Linear probe: logistic regression on standardised channels. Both are fitted to training images alone.",
            Table = table,
            Pictures = [new ReportPicture($"A point for each image, a colour for each class, {map.Kind}", figure.ToImage())],
        }]);

    private static ReportTable NumbersOf(EmbeddingMap map, EmbeddingSet set, IReadOnlyList<string> classes) => new(
        ["class", "first", "second"],
        [.. Enumerable.Range(0, set.Count).Select(i => (string[])[classes[set.Labels[i]], map.Places[2 * i].ToString("R", CultureInfo.InvariantCulture), map.Places[(2 * i) + 1].ToString("R", CultureInfo.InvariantCulture)])]);

    private static void Print(ReportTable table, string note)
    {
        Console.WriteLine(PlainText.Of(note));
        ConsoleTable.Print(table);
    }

    private static string Percent(double share) => share.ToString("P1", CultureInfo.InvariantCulture);
}
