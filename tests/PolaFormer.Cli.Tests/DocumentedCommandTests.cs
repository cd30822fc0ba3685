using System.CommandLine;
using System.Text.RegularExpressions;

namespace PolaFormer.Cli.Tests;

/// <summary>The command lines that the pages show are ones of this program; docs/check.sh runs them.</summary>
public partial class DocumentedCommandTests
{
    public static TheoryData<string, string> Lines
    {
        get
        {
            var lines = new TheoryData<string, string>();
            IEnumerable<string> pages = Directory.EnumerateFiles(Polaformer.Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(Polaformer.Root, "docs"), "*.md"));
            foreach (string page in pages.Order(StringComparer.Ordinal))
            {
                // A line that a backslash continues is one.
                string text = File.ReadAllText(page).Replace("\\\n", " ", StringComparison.Ordinal);
                foreach (string line in Command().Matches(text).Select(match => match.Groups["line"].Value).Where(line => !IsOfAnotherProgram(line)).Distinct())
                    lines.Add(Path.GetRelativePath(Polaformer.Root, page), line);
            }

            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void ACommandOfAPageIsOneOfTheProgram(string page, string line)
    {
        string[] words = [.. Word().Matches(Comment().Replace(line, "")).Select(word => word.Groups["quoted"].Success ? word.Groups["quoted"].Value : word.Value)];
        words = [.. words.TakeWhile(word => word is not (">" or "|" or "…")).Select(word => word.TrimStart('$'))];
        var root = new RootCommand { Plugin.Option() };
        foreach (Func<Command> create in Commands.All.Values)
            root.Add(create());
        ParseResult parsed = root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Assert.True(parsed.Errors.Count == 0, $"{page}: {line}: {string.Join(' ', parsed.Errors.Select(error => error.Message))}");
        foreach (string file in words.Where(word => Shipped().IsMatch(word)))
            Assert.True(Path.Exists(Path.Combine(Polaformer.Root, file)), $"{page}: {line}: there is no {file}.");
    }

    [Fact]
    public void TheTableOfCommandsHasEveryCommand()
    {
        string table = File.ReadAllText(Path.Combine(Polaformer.Root, "docs", "commands.md"));
        Assert.All(Commands.All.Keys, name => Assert.Matches($@"(?m)^\| `{name}\b", table));
    }

    // Its words are letters for what a reader puts there, or it is the comparison with the authors' code.
    private static bool IsOfAnotherProgram(string line) => line.StartsWith("conformance", StringComparison.Ordinal) || Placeholder().IsMatch(line);

    // In a block, after what starts several of them too, or between backquotes.
    [GeneratedRegex(@"^(mpirun [^\n]*)?\./polaformer (?<line>[^\n]+)|`\./polaformer (?<line>[^`\n]+)`", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@" +#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"'(?<quoted>[^']*)'|\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^(COMMAND|models NAME|reproduce WHAT)\b")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^(samples|configs|checkpoints)/")]
    private static partial Regex Shipped();
}
