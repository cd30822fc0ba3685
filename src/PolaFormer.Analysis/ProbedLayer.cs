using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Analysis;

/// <summary>A layer's mechanism and what it was given for one image.</summary>
/// <param name="Name">The layer's name in the model: <c>block1.0.attn</c>.</param>
/// <param name="Mechanism">How it mixes tokens.</param>
/// <param name="Inputs">Copies of its inputs; windows of the image stand in the batch.</param>
public sealed record ProbedLayer(string Name, AttentionMechanism Mechanism, AttentionInputs Inputs)
{
    /// <summary>What the layer itself adds to the mechanism's result from the values (B, H, W, C), before its gate; none where it adds nothing.</summary>
    public Func<Tensor, Tensor>? Local { get; init; }

    /// <summary>A logit's derivatives by the values, laid out as <see cref="AttentionInputs.Value"/>; empty where no class was asked for.</summary>
    public float[] ValueGradient { get; init; } = [];

    /// <summary>
    /// Learned sharpness of a polarity: exponents of PolaFormer, temperatures of PolaFormer++; empty for another mechanism.
    /// </summary>
    public float[] Sharpness => Mechanism switch
    {
        PolarityAttention polarity => polarity.Exponents().ToArray(),
        PolarityPlusPlusAttention polarity => [.. polarity.Temperatures().Same.ToArray(), .. polarity.Temperatures().Opposite.ToArray()],
        _ => [],
    };

    /// <summary>The mechanism in words, as the registry has it: Softmax, Polarity++.</summary>
    public string MechanismName => Mechanism.RegisteredAs?.Title ?? Mechanism.GetType().Name.Replace("Attention", "", StringComparison.Ordinal);

    /// <summary>Heads.</summary>
    public int NumHeads => Mechanism.Shape.NumHeads;

    /// <summary>Weights that a head reads its values through.</summary>
    public int Streams => Mechanism.Streams;

    /// <summary>Tokens before those of the grid, such as a class token.</summary>
    public int PrefixTokens => Inputs.PrefixTokens;

    /// <summary>Rows of the image's grid of queries; 1 for a sequence.</summary>
    public int Height => Math.Max(1, Inputs.Height) * (Inputs.Windows?.Rows ?? 1);

    /// <summary>Columns of the image's grid of queries; the number of tokens for a sequence.</summary>
    public int Width => (Inputs.Height == 0 ? Inputs.Query.Tokens : Inputs.Width) * (Inputs.Windows?.Columns ?? 1);

    /// <summary>Queries of the image, prefix tokens included.</summary>
    public int Queries => PrefixTokens + (Height * Width);

    /// <summary>Keys of the image: the queries, or fewer after a spatial reduction.</summary>
    public int Keys => Inputs.Windows is null ? Inputs.Key.Tokens : Queries;

    /// <summary>Side of the square of queries that one key stands for, 1 without a spatial reduction.</summary>
    public int KeyStride => (int)Math.Round(Math.Sqrt((double)(Queries - PrefixTokens) / Math.Max(1, Keys - PrefixTokens)));

    /// <summary>Entries of the batch: windows, or the one image.</summary>
    internal int Entries => Inputs.Query.Source.Shape[0];

    /// <summary>Where a query of the image stands in the batch: entry times tokens of an entry, plus the token.</summary>
    internal int Place(int query)
    {
        if (Inputs.Windows is not { } windows)
            return query;
        int y = ((query / Width) - windows.Shift + Height) % Height, x = ((query % Width) - windows.Shift + Width) % Width;
        int window = (y / Inputs.Height * windows.Columns) + (x / Inputs.Width);
        return (window * Inputs.Height * Inputs.Width) + (y % Inputs.Height * Inputs.Width) + (x % Inputs.Width);
    }

    /// <summary>Where a key of the image stands in the batch.</summary>
    internal int PlaceOfKey(int key) => Inputs.Windows is null ? key : Place(key);

    /// <summary>First channel of a head's run of a stream: of nine channels and two streams, 0 and 5.</summary>
    internal int Channel(int head, int stream) => (head * Mechanism.Shape.HeadDim) + (((stream * Mechanism.Shape.HeadDim) + Streams - 1) / Streams);

    /// <summary>Channels that each stream reads through the same weights; of an odd number, the first reads one more.</summary>
    internal int RunLength => Mechanism.Shape.HeadDim / Streams;
}
