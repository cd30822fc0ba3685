namespace PolaFormer.NN.Attention;

/// <summary>What a mechanism is made for.</summary>
/// <param name="Dim">Channels C of all heads.</param>
/// <param name="NumHeads">Heads, a divisor of C.</param>
/// <param name="Tokens">Queries N, prefix tokens included.</param>
public sealed record AttentionShape(int Dim, int NumHeads, int Tokens)
{
    /// <summary>Keys n; the queries' number unless set.</summary>
    public int KeyTokens { get; init; } = Tokens;

    /// <summary>Rows of the grid of queries; 0 for a sequence.</summary>
    public int Height { get; init; }

    /// <summary>Columns of the grid of queries; 0 for a sequence.</summary>
    public int Width { get; init; }

    /// <summary>Whether the grid is a window that the host has cut from a larger one.</summary>
    public bool IsWindow { get; init; }

    /// <summary>Tokens before those of the grid.</summary>
    public int PrefixTokens { get; init; }

    /// <summary>Seed of what is drawn by chance.</summary>
    public ulong Seed { get; init; }

    /// <summary>Channels of a head, d.</summary>
    public int HeadDim => Dim / NumHeads;

    /// <summary>A grid of tokens.</summary>
    public static AttentionShape Grid(int dim, int numHeads, int height, int width) => new(dim, numHeads, height * width) { Height = height, Width = width };
}
