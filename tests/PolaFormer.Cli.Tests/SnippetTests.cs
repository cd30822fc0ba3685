using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace PolaFormer.Cli.Tests;

/// <summary>The command lines that the pages show are ones that the program takes; docs/check.sh runs them.</summary>
public partial class SnippetTests
{
    private const string Launcher = "./polaformer ";

    public static TheoryData<string, string> CommandLines =>
    [
        .. DocumentTests.Pages.SelectMany(page => LinesOf(File.ReadAllText(Path.Combine(Polaformer.Root, page.Data))).Select(line => new TheoryDataRow<string, string>(page.Data, line))),
    ];

    [Theory]
    [MemberData(nameof(CommandLines))]
    public void IsTaken(string page, string line)
    {
        var root = new RootCommand { Plugin.Option() };
        foreach (Func<Command> create in Commands.All.Values)
            root.Add(create());
        string[] arguments = EarlierNames.Replace([.. CommandLineParser.SplitCommandLine(line.Replace('\'', '"'))]);
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Assert.True(parsed.Errors.Count == 0, $"{page}: {line}: {parsed.Errors.FirstOrDefault()?.Message}");
        foreach (string recipe in arguments.Where(argument => argument.StartsWith("configs/", StringComparison.Ordinal)))
            Assert.True(File.Exists(Path.Combine(Polaformer.Root, recipe)), $"{page}: there is no {recipe}.");
    }

    // What stands between fences, lines that a backslash continues as one, without comments and redirections.
    private static IEnumerable<string> LinesOf(string page) => Fence().Matches(page)
        .SelectMany(block => block.Groups["text"].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        .Where(line => line.StartsWith(Launcher, StringComparison.Ordinal) && !line.StartsWith(Launcher + "conformance", StringComparison.Ordinal))
        .Select(line => Rest().Replace(line[Launcher.Length..], "").Trim());

    [GeneratedRegex(@"^```\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\s+(#|>|\||2>).*$")]
    private static partial Regex Rest();
}
