using System.Text.Json;

namespace PolaFormer.Cli.Tests;

/// <summary>What the commands make of folders of images that are not all images.</summary>
public sealed class ImageFolderCommandTests : IDisposable
{
    private static readonly string[] s_classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    private readonly string _folder = Directory.CreateTempSubdirectory("polaformer-images-").FullName;

    private static string Photograph => Path.Combine(Polaformer.Root, "samples/images/cat.jpg");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task PredictPassesOverWhatAMacPutsBesideImages()
    {
        File.Copy(Photograph, Path.Combine(_folder, "a.jpg"));
        File.WriteAllText(Path.Combine(_folder, "._a.jpg"), "attributes");
        (int code, string output, _) = await Polaformer.Run("predict", _folder, "--json");
        Assert.Equal(0, code);
        Assert.Equal(Path.Combine(_folder, "a.jpg"), Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray()).GetProperty("file").GetString());
    }

    [Fact]
    public async Task PredictEntersTheFoldersInAFolder()
    {
        string inner = Directory.CreateDirectory(Path.Combine(_folder, "a", "b")).FullName;
        File.Copy(Photograph, Path.Combine(_folder, "z.jpg"));
        File.Copy(Photograph, Path.Combine(inner, "c.jpg"));
        File.CreateSymbolicLink(Path.Combine(inner, "up"), _folder);
        (int code, string output, _) = await Polaformer.Run("predict", _folder, "--json");
        Assert.Equal(0, code);
        Assert.Equal([Path.Combine(_folder, "z.jpg"), Path.Combine(inner, "c.jpg")], JsonDocument.Parse(output).RootElement.EnumerateArray().Select(row => row.GetProperty("file").GetString()));
    }

    [Fact]
    public async Task PredictWritesATable()
    {
        string csv = Path.Combine(_folder, "answers.csv");
        (int code, _, string error) = await Polaformer.Run("predict", Photograph, "--top", "2", "--csv", csv);
        Assert.True(code == 0, error);
        string[] lines = await File.ReadAllLinesAsync(csv, TestContext.Current.CancellationToken);
        Assert.Equal("file,class,index,probability", lines[0]);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith($"{Photograph},cat,3,0.", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task EvalTakesDataOfSomeOfTheClasses()
    {
        foreach (string name in (string[])["bird", "cat"])
            File.Copy(Path.Combine(Polaformer.Root, $"samples/images/{name}.jpg"), Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "val", name)).FullName, "1.jpg"));
        double one = await Loss("one"), zoomed = await Loss("zoomed");
        Assert.InRange(one, 0, 3);
        Assert.InRange(zoomed, 0, 3);
        Assert.NotEqual(one, zoomed);
    }

    [Fact]
    public async Task EvalNamesAClassThatTheNetworkDoesNotKnow()
    {
        File.Copy(Photograph, Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "val", "lion")).FullName, "1.jpg"));
        (int code, _, string error) = await Polaformer.Run("eval", "--data", _folder);
        Assert.Equal(1, code);
        Assert.Contains("10 classes apart, the data holds 1", error);
    }

    [Theory]
    [InlineData("skip", 0)]
    [InlineData("fail", 1)]
    public async Task EvalMayLeaveOutBadImages(string policy, int expected)
    {
        foreach (string name in s_classes)
            File.Copy(Photograph, Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "val", name)).FullName, "1.jpg"));
        File.WriteAllText(Path.Combine(_folder, "val/dog/0.jpg"), "<html>");
        (int code, string output, string error) = await Polaformer.Run("eval", "--data", _folder, "--bad-images", policy, "--json");
        Assert.Equal(expected, code);
        Assert.Contains("val/dog/0.jpg: not a JPEG", error);
        if (expected == 0)
            Assert.Equal((10, 1), (JsonDocument.Parse(output).RootElement.GetProperty("images").GetInt32(), JsonDocument.Parse(output).RootElement.GetProperty("skipped").GetInt32()));
        else
            Assert.Contains("--bad-images skip", error);
    }

    [Fact]
    public async Task EvalWritesAPageAndEachAnswer()
    {
        foreach (string name in (string[])["bird", "cat"])
            File.Copy(Path.Combine(Polaformer.Root, $"samples/images/{name}.jpg"), Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "val", name)).FullName, "1.jpg"));
        string page = Path.Combine(_folder, "eval.html"), table = Path.Combine(_folder, "eval.csv"), lines = Path.Combine(_folder, "eval.ndjson");
        (int code, string output, string error) = await Polaformer.Run("eval", "--data", _folder, "--html", page, "--csv", table, "--ndjson", lines, "--json");
        Assert.True(code == 0, error);
        Assert.InRange(JsonDocument.Parse(output).RootElement.GetProperty("macro_f1").GetDouble(), 0, 1);
        string text = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        foreach (string title in (string[])["Confusion matrix", "Reliability", "Worst mistakes"])
            Assert.Contains(title, text, StringComparison.Ordinal);
        string[] rows = await File.ReadAllLinesAsync(table, TestContext.Current.CancellationToken);
        Assert.Equal(3, rows.Length);
        Assert.StartsWith(Path.Combine(_folder, "val", "bird", "1.jpg") + ",bird,", rows[1], StringComparison.Ordinal);
        JsonElement[] objects = [.. (await File.ReadAllLinesAsync(lines, TestContext.Current.CancellationToken)).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["bird", "cat"], objects.Select(row => row.GetProperty("class").GetString()));
        Assert.All(objects, row => Assert.Equal(5, row.GetProperty("top").GetArrayLength()));
    }

    private async Task<double> Loss(string views)
    {
        (int code, string output, string error) = await Polaformer.Run("eval", "--data", _folder, "--views", views, "--json");
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement.GetProperty("loss").GetDouble();
    }
}
