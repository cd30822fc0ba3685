using System.Text;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests.Configuration;

/// <summary>Recipes that are made to take a program's stack, memory or time.</summary>
public sealed class RecipeFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void DashesInDashesAreRefused() => Assert.Contains("deep", Refusal("SEED:\n  " + string.Concat(Enumerable.Repeat("- ", 200_000)) + "x"));

    [Theory]
    [InlineData("SEED: ", "[")]
    [InlineData("SEED: ", "{a: ")]
    [InlineData("", "[")]
    public void BracketsInBracketsAreRefused(string start, string bracket) => Assert.Contains("deep", Refusal(start + string.Concat(Enumerable.Repeat(bracket, 60_000))));

    [Fact]
    public void SectionsInSectionsAreRefused()
    {
        var text = new StringBuilder();
        for (int depth = 0; depth < 1000; depth++)
            text.Append(' ', depth).Append("a:\n");
        Assert.Contains("deep", Refusal(text.ToString()));
    }

    [Theory]
    [InlineData("SEED: *h")]
    [InlineData("? *h\n: 1")]
    [InlineData("MODEL: {SWIN: {DEPTHS: *h}}")]
    public void AliasesCountAsWhatTheyStandFor(string end)
    {
        var text = new StringBuilder("TAG: &a [x, x, x, x, x, x, x, x, x, x]\n");
        for (char anchor = 'b'; anchor <= 'h'; anchor++)
            text.Append($"x{anchor}: &{anchor} [").AppendJoin(", ", Enumerable.Repeat($"*{(char)(anchor - 1)}", 10)).Append("]\n");
        Assert.Contains("values", Refusal(text + end + "\n"));
    }

    [Fact]
    public void AnAliasOfWhatIsAroundItIsRefused() => Assert.Contains("&a", Refusal("SEED: &a [*a]\n"));

    [Fact]
    public void AnAliasOfANumberStandsForIt()
    {
        TrainingConfig config = ConfigurationReader.Read(Write("a.yaml", "TRAIN:\n  BASE_LR: &rate 3e-4\n  WARMUP_LR: *rate\n"));
        Assert.Equal(3e-4, config.Train.WarmupLr);
    }

    [Fact]
    public void AListInTheWrongPlaceIsNotWrittenOut() => Assert.InRange(Refusal($"SEED: [{string.Join(", ", Enumerable.Repeat("1", 10_000))}]\n").Length, 1, 400);

    [Fact]
    public void ALongValueIsCutInTheMessage() => Assert.InRange(Refusal($"SEED: {new string('x', 100_000)}\n").Length, 1, 400);

    [Fact]
    public void ALongKeyIsCutInTheMessage() => Assert.InRange(Refusal($"? {new string('x', 100_000)}\n: 1\n").Length, 1, 400);

    [Fact]
    public void ManyFilesUnderBaseAreRefused()
    {
        const int Depth = 7;
        for (int i = 0; i <= Depth; i++)
            Write($"b{i}.yaml", i == Depth ? "SEED: 1\n" : $"BASE: [{string.Join(", ", Enumerable.Repeat($"b{i + 1}.yaml", 30))}]\n");
        Assert.Contains("BASE", Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(Path.Combine(_folder, "b0.yaml"))).Message);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/stdin")]
    [InlineData("/")]
    [InlineData("https://example.org/a.yaml")]
    public void WhatIsNoFileIsRefused(string path)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such devices.");
        Assert.Contains(path, Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(path)).Message);
        Assert.Contains(path, Refusal($"BASE: ['{path}']\n"));
    }

    private string Refusal(string text)
    {
        string path = Write("a.yaml", text);
        return Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(path)).Message;
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
