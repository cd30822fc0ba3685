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

    /// <summary>Whether the tokens are a sequence: neighbours are those before and after a token, and inputs have no grid.</summary>
    public bool IsSequence { get; init; }

    /// <summary>Seed of the random numbers.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whether a mechanism that draws in every pass draws anew in every training step, as its authors' code does; else always the same.</summary>
    public bool RedrawsInTraining { get; init; }

    /// <summary>Chance that an attention weight is dropped in training, for mechanisms whose authors do so: softmax and kernelized attention.</summary>
    public float WeightDropRate { get; init; }

    /// <summary>The grid of keys: the queries', or that of patches which a reduction has merged.</summary>
    public (int Height, int Width) KeyGrid
    {
        get
        {
            int places = KeyTokens - PrefixTokens;
            if (places == Height * Width)
                return (Height, Width);
            int reduction = Math.Max(1, (int)Math.Round(Math.Sqrt((double)Height * Width / places)));
            return (Height / reduction, Width / reduction);
        }
    }

    /// <summary>Channels of a head, d.</summary>
    public int HeadDim => Dim / NumHeads;

    /// <summary>A grid of tokens.</summary>
    public static AttentionShape Grid(int dim, int numHeads, int height, int width) => new(dim, numHeads, height * width) { Height = height, Width = width };
}
