using PolaFormer.NN.Attention;

namespace PolaFormer.Cli.Tests;

/// <summary>docs/attentions.md tells what the registry holds.</summary>
public class AttentionTableTests
{
    private static readonly string[] s_lines = File.ReadAllLines(Path.Combine(Polaformer.Root, "docs", "attentions.md"));

    public static TheoryData<string> Names => [.. AttentionRegistry.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void HasARowForEveryMechanism(string name)
    {
        AttentionEntry entry = AttentionRegistry.Find(name);
        AttentionTraits traits = entry.Create(AttentionShape.Grid(8, 2, 4, 4)).Traits;
        (string beginning, string end) = ($"| `{name}` |", $"| {entry.Complexity} | {traits} | {entry.Source} |");
        Assert.True(
            s_lines.Any(line => line.StartsWith(beginning, StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal)),
            $"docs/attentions.md wants the row: {beginning} (formula) {end}");
    }

    [Fact]
    public void HasNoRowForAnythingElse() =>
        Assert.Equal(AttentionRegistry.All.Select(entry => entry.Name), s_lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]));
}
