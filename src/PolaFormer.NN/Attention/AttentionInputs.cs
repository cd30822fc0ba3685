using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>What a layer passes to its mechanism. Heads are side by side in the channels.</summary>
/// <param name="Query">(B, …N, C): N tokens, in rows of the grid where there is one.</param>
/// <param name="Key">(B, …n, C).</param>
/// <param name="Value">(B, …n, C).</param>
public sealed record AttentionInputs(Columns Query, Columns Key, Columns Value)
{
    /// <summary>Rows of the grid of queries; 0 for a sequence.</summary>
    public int Height { get; init; }

    /// <summary>Columns of the grid of queries; 0 for a sequence.</summary>
    public int Width { get; init; }

    /// <summary>Rows of the grid of keys; the queries' unless set.</summary>
    public int KeyHeight { get => field > 0 ? field : Height; init; }

    /// <summary>Columns of the grid of keys; the queries' unless set.</summary>
    public int KeyWidth { get => field > 0 ? field : Width; init; }

    /// <summary>Tokens before those of the grid, such as a class token: N = PrefixTokens + Height·Width.</summary>
    public int PrefixTokens { get; init; }

    /// <summary>(B, …N, C): factor of the result, applied by a mechanism that <see cref="AttentionTraits.Gated">needs it</see>, else by the layer that has one.</summary>
    public Columns? Gate { get; init; }

    /// <summary>(B, n): 1 for a token, 0 for padding; none where every token counts.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>
    /// (G, N, n): added to the scores of batch entries i with i mod G, as Swin's shifted windows have it. A mechanism without
    /// scores ignores it, as PolaFormer's and FLatten's do.
    /// </summary>
    public Tensor? ScoreMask { get; init; }

    /// <summary>Whether a token attends to itself and those before it alone.</summary>
    public bool IsCausal { get; init; }

    /// <summary>Where the windows in the batch dimension are in the image; none where an entry of the batch is an image.</summary>
    public WindowGrid? Windows { get; init; }

    /// <summary>Rotary encoding, (N, d or 2·d each), for a mechanism that <see cref="AttentionTraits.Rotary">turns its features itself</see>.</summary>
    public (Tensor Sin, Tensor Cos)? Rotary { get; init; }

    /// <summary>Whether keys and values come from the queries' own tokens, one for each.</summary>
    public bool IsSelfAttention => ReferenceEquals(Query.Source, Key.Source) || Query.Tokens == Key.Tokens;
}
