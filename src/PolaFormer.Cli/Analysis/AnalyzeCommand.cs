using System.CommandLine;

namespace PolaFormer.Cli.Analysis;

/// <summary><c>analyze</c>: what attention does.</summary>
internal static class AnalyzeCommand
{
    public static Command Create() => new("analyze", "Look into attention: where it looks, how evenly it is spread, its gates, mechanisms beside each other, and what embeddings separate.")
    {
        AttentionCommand.Create(),
        EntropyCommand.Create(),
        GatesCommand.Create(),
        CompareCommand.Create("compare"),
        EmbeddingsCommand.Create(),
    };
}
