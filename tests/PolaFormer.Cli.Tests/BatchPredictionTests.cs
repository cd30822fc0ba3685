using System.Diagnostics;
using System.Text.Json;

namespace PolaFormer.Cli.Tests;

public sealed class BatchPredictionTests : IDisposable
{
    private static readonly string[] s_names = ["airplane", "cat"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task ShardsTogetherAnswerEveryLineOnce()
    {
        string manifest = Manifest(7);
        for (int shard = 0; shard < 3; shard++)
            Assert.Equal(0, (await Polaformer.Run("predict", "--input", manifest, "--output", At($"{shard}.jsonl"), "--shard", $"{shard}/3", "--top", "1")).ExitCode);
        JsonElement[] results = [.. Enumerable.Range(0, 3).SelectMany(shard => Results($"{shard}.jsonl"))];
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"{i}"), results.Select(IdOf).Order(StringComparer.Ordinal));
        Assert.All(results, result => Assert.Equal(s_names[int.Parse(IdOf(result)) % 2], result.GetProperty("predictions")[0].GetProperty("label").GetString()));
        Assert.Equal(["1", "4"], Results("1.jsonl").Select(IdOf));
    }

    [Fact]
    public async Task AnUnfinishedLineIsCutOffAndTheRestAnswered()
    {
        string manifest = Manifest(4);
        await Polaformer.Run("predict", "--input", manifest, "--output", At("whole.jsonl"));
        string[] whole = File.ReadAllLines(At("whole.jsonl"));
        File.WriteAllText(At("part.jsonl"), whole[0] + "\n" + whole[1][..20]);
        Assert.Equal(0, (await Polaformer.Run("predict", "--input", manifest, "--output", At("part.jsonl"))).ExitCode);
        Assert.Equal(whole, File.ReadAllLines(At("part.jsonl")));
    }

    [Fact]
    public async Task ALineThatCannotBeAnsweredHasAnError()
    {
        File.WriteAllText(At("manifest.jsonl"), "{\"id\": \"a\", \"file\": \"missing.jpg\"}\nnonsense\n{\"id\": \"c\"}\n{\"id\": \"d\", \"text\": \"some\"}\n");
        (int code, _, string error) = await Polaformer.Run("predict", "--input", At("manifest.jsonl"), "--output", At("out.jsonl"));
        JsonElement[] results = Results("out.jsonl");
        Assert.Equal(0, code);
        Assert.Contains("4 of the new inputs could not be answered", error, StringComparison.Ordinal);
        Assert.Equal(["a", "2", "c", "d"], results.Select(IdOf));
        Assert.Contains("missing.jpg", results[0].GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResultsOfAnotherListAreNotAddedTo()
    {
        File.WriteAllText(At("out.jsonl"), "{\"id\":\"other\"}\n");
        (int code, _, string error) = await Polaformer.Run("predict", "--input", Manifest(2), "--output", At("out.jsonl"));
        Assert.Equal(1, code);
        Assert.Contains("of another list", error, StringComparison.Ordinal);
        Assert.Equal("{\"id\":\"other\"}\n", File.ReadAllText(At("out.jsonl")));
    }

    [Theory]
    [InlineData("3/3")]
    [InlineData("-1/3")]
    [InlineData("1")]
    [InlineData("a/b")]
    public async Task APartThatThereIsNotIsRefused(string shard)
    {
        (int code, _, string error) = await Polaformer.Run("predict", "--input", Manifest(1), "--output", At("out.jsonl"), "--shard", shard);
        Assert.Equal(1, code);
        Assert.Contains("--shard takes I/N", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AfterKillsEveryLineIsAnsweredOnce()
    {
        const int lines = 3000;
        string manifest = Manifest(lines), results = At("out.jsonl");
        for (int kill = 1; kill <= 3; kill++)
        {
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "polaformer.dll"), "predict", "--input", manifest, "--output", results, "--top", "1"]) { RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            while (!process.HasExited && LengthOf(results) < kill * 20_000)
                await Task.Delay(1, TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.InRange(File.ReadAllLines(results).Length, 1, lines - 1);
        Assert.Equal(0, (await Polaformer.Run("predict", "--input", manifest, "--output", results, "--top", "1")).ExitCode);
        JsonElement[] all = Results("out.jsonl");
        Assert.Equal(Enumerable.Range(0, lines).Select(i => $"{i}"), all.Select(IdOf));
        Assert.All(all, result => Assert.Equal(s_names[int.Parse(IdOf(result)) % 2], result.GetProperty("predictions")[0].GetProperty("label").GetString()));
    }

    // The process has the file for itself; its length is all that can be seen of it.
    private static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static string IdOf(JsonElement result) => result.GetProperty("id").GetString()!;

    private JsonElement[] Results(string name) => [.. File.ReadAllLines(At(name)).Select(line => JsonDocument.Parse(line).RootElement)];

    private string Manifest(int lines)
    {
        foreach (string name in s_names)
            File.Copy(Path.Combine(Polaformer.Root, "samples", "images", $"{name}.jpg"), At($"{name}.jpg"), overwrite: true);
        File.WriteAllLines(At("manifest.jsonl"), Enumerable.Range(0, lines).Select(i => JsonSerializer.Serialize(new { id = $"{i}", file = $"{s_names[i % 2]}.jpg" })));
        return At("manifest.jsonl");
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
