using System.Text;
using PolaFormer.Tensors.Random;
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

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void AByteOrderMarkTellsTheEncoding(string encoding)
    {
        string path = Path.Combine(_folder, "a.yaml");
        File.WriteAllText(path, "SEED: 5\n", Encoding.GetEncoding(encoding));
        Assert.Equal(5, ConfigurationReader.Read(path).Seed);
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

    [Fact]
    public void WhateverIsChangedInARecipeItIsReadOrRefused()
    {
        const string Alphabet = "[]{}:,-&*!|>'\"%@`#? \n\tabA0._~\0é";
        string[] recipes = [.. Directory.GetFiles(Path.Combine(SharedData.Repository, "configs"), "*.yaml").Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        int refused = 0;
        for (uint i = 0; i < 3000; i++)
        {
            var chance = new Philox(20260102, i);
            var text = new StringBuilder(recipes[i % recipes.Length]);
            for (uint change = 0; change < 1 + (i % 4); change++)
            {
                int place = (int)(text.Length * chance.Uniform(3 * change)), length = Math.Min((int)(6 * chance.Uniform((3 * change) + 1)), text.Length - place);
                text.Remove(place, length).Insert(place, Alphabet[(int)(Alphabet.Length * chance.Uniform((3 * change) + 2))].ToString(), (int)(i % 3));
            }

            string path = Write("a.yaml", text.Replace("BASE", "base").ToString());
            try
            {
                ConfigurationRules.Check(ConfigurationReader.Read(path));
            }
            catch (ConfigurationException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 3000);
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
