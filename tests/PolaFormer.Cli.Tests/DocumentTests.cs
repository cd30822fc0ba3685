using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace PolaFormer.Cli.Tests;

/// <summary>What the pages say of the program and of each other.</summary>
public partial class DocumentTests
{
    private const int MostWordsOfReadme = 700;

    public static TheoryData<string> Pages =>
    [
        .. Directory.EnumerateFiles(Polaformer.Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Polaformer.Root, "docs"), "*.md"))
            .Select(page => Path.GetRelativePath(Polaformer.Root, page)),
    ];

    [Theory]
    [MemberData(nameof(Pages))]
    public void LinksOfAPageLeadToFiles(string page)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Polaformer.Root, page))!;
        foreach (Match link in RelativeLink().Matches(File.ReadAllText(Path.Combine(Polaformer.Root, page))))
        {
            string target = Path.Combine(folder, link.Groups["path"].Value);
            Assert.True(File.Exists(target) || Directory.Exists(target), $"{page} links to {link.Groups["path"].Value}.");
        }
    }

    [Fact]
    public void EveryPageHasOnePlaceOnTheSite()
    {
        // The readme of the packages is no page.
        IEnumerable<string> pages = Directory.EnumerateFiles(Path.Combine(Polaformer.Root, "docs"), "*.md").Select(page => $"docs/{Path.GetFileName(page)}").Where(page => page != "docs/package.md");
        IEnumerable<string> shown = PageOfSite().Matches(File.ReadAllText(Path.Combine(Polaformer.Root, "eng", "site", "toc.yml"))).Select(match => match.Groups["page"].Value);
        Assert.Equal(pages.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void TheReadmeIsShort() =>
        Assert.InRange(File.ReadAllText(Path.Combine(Polaformer.Root, "README.md")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length, 1, MostWordsOfReadme);

    // Other vector widths give other last digits.
    [Fact]
    public async Task TheReadmeShowsWhatPredictPrints()
    {
        string[] shown = Output().Match(File.ReadAllText(Path.Combine(Polaformer.Root, "README.md"))).Groups["output"].Value.TrimEnd().Split('\n');
        (int code, string output, _) = await Polaformer.Run("predict", "samples/images");
        Assert.Equal(0, code);
        string[] printed = output.Split('\n')[..shown.Length];
        Assert.Equal(shown.Select(line => line.Split(' ')[^1]), printed.Select(line => line.Split(' ')[^1]));
        Assert.All(shown[1..].Zip(printed[1..]), pair => Assert.Equal(PercentOf(pair.First), PercentOf(pair.Second), 0.5));

        static double PercentOf(string line) => double.Parse(line[..line.IndexOf('%', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task TheTableOfModelsIsWhatTheCommandPrints()
    {
        (int code, string table, _) = await Polaformer.Run("models", "--markdown");
        Assert.Equal(0, code);
        Assert.Contains(table, File.ReadAllText(Path.Combine(Polaformer.Root, "docs", "models.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void TheModelCardIsOfTheShippedFiles()
    {
        string card = File.ReadAllText(Path.Combine(Polaformer.Root, "docs", "model-card.md"));
        string[] shipped = [.. Directory.EnumerateFiles(Path.Combine(Polaformer.Root, "checkpoints"), "*.safetensors").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(ShippedCheckpoint.Names.Values.Order(StringComparer.Ordinal), shipped);
        foreach (string name in shipped)
        {
            Assert.Contains($"`checkpoints/{name}`", card, StringComparison.Ordinal);
            byte[] file = File.ReadAllBytes(Path.Combine(Polaformer.Root, "checkpoints", name));
            Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(file)), card, StringComparison.Ordinal);
            Assert.Contains(file.Length.ToString("N0", CultureInfo.InvariantCulture) + " bytes", card, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheArchitectureDrawsEveryProjectAndItsReferences()
    {
        string page = File.ReadAllText(Path.Combine(Polaformer.Root, "ARCHITECTURE.md"));
        ILookup<string, string> drawn = Arrow().Matches(page).ToLookup(arrow => arrow.Groups["from"].Value, arrow => arrow.Groups["to"].Value);
        // The package that brings all the others has no code.
        string[] projects = [.. Directory.EnumerateDirectories(Path.Combine(Polaformer.Root, "src")).Where(project => Path.GetFileName(project) != "PolaFormer"), Path.Combine(Polaformer.Root, "tests", "PolaFormer.Conformance")];
        ILookup<string, string> referenced = projects
            .SelectMany(project => Reference().Matches(File.ReadAllText(Path.Combine(project, $"{Path.GetFileName(project)}.csproj"))).Select(match => (From: NameOf(project), To: match.Groups["project"].Value)))
            .ToLookup(reference => reference.From, reference => reference.To);
        foreach (string project in projects)
        {
            Assert.Equal(Reached(referenced, NameOf(project)), Reached(drawn, NameOf(project)));
            Assert.True(NameOf(project) == "Conformance" || page.Contains($"| `PolaFormer.{NameOf(project)}` |", StringComparison.Ordinal), $"ARCHITECTURE.md has no row for {project}.");
        }

        static string NameOf(string project) => Path.GetFileName(project)["PolaFormer.".Length..];
    }

    private static SortedSet<string> Reached(ILookup<string, string> references, string from)
    {
        SortedSet<string> reached = [.. references[from]];
        foreach (string next in references[from])
            reached.UnionWith(Reached(references, next));
        return reached;
    }

    [GeneratedRegex(@"^```\n(?<output>samples/[^`]*)```", RegexOptions.Multiline)]
    private static partial Regex Output();

    [GeneratedRegex(@"^ +(?<from>\w+)(\[[^\]]*\])? --> (?<to>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Arrow();

    [GeneratedRegex(@"ProjectReference Include=""[^""]*PolaFormer\.(?<project>\w+)\.csproj")]
    private static partial Regex Reference();

    [GeneratedRegex(@"href: (?<page>docs/\S+)")]
    private static partial Regex PageOfSite();

    // [text](path), with or without #heading; no address of the web.
    [GeneratedRegex(@"\]\((?<path>[^)#:\s]+)(#[^)]*)?\)")]
    private static partial Regex RelativeLink();
}
