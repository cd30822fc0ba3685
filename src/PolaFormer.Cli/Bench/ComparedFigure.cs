namespace PolaFormer.Cli.Bench;

/// <summary>A figure of two results.</summary>
/// <param name="Name">Path in the JSON.</param>
/// <param name="Old">Before; null where there was none.</param>
/// <param name="New">Now; null where there is none.</param>
internal sealed record ComparedFigure(string Name, double? Old, double? New)
{
    /// <summary>New over old; null where either is missing or the old one is 0.</summary>
    public double? Ratio => Old is { } old && New is { } now && old != 0 ? now / old : null;
}
