namespace PolaFormer.LongRange.Data;

/// <summary>Where the rows of a task lie and how they are read.</summary>
/// <param name="Path">Folder of the files; of images also an archive.</param>
public sealed record ArenaSource(string Path)
{
    /// <summary>Whose tokens of ListOps.</summary>
    public ListOpsTokens ListOpsTokens { get; init; }

    /// <summary>What the files of pairs begin with; empty for the released name.</summary>
    public string Pairs { get; init; } = "";

    /// <summary>Decides what Text is chosen by: under the paper's protocol the rows for testing, else a tenth of those for training.</summary>
    public ArenaProtocolKind Protocol { get; init; }
}
