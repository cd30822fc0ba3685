using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Checkpoints;

/// <summary>
/// Carries what a model has learned for each position to another resolution, bicubically on square maps, as the authors'
/// <c>load_pretrained</c> does (utils.py): position encodings and learned gates of tokens, and tables of relative position
/// biases.
/// </summary>
public static class PositionInterpolation
{
    private const string BiasTable = "relative_position_bias_table", TokenEncoding = "positional_encoding", LearnedGate = "gate", AbsoluteEncoding = "absolute_pos_embed", PvtEncoding = "pos_embed";

    /// <summary>Whether a state-dict entry belongs to positions and may so be stored for another resolution.</summary>
    public static bool Applies(string name)
    {
        string last = name[(name.LastIndexOf('.') + 1)..];
        return last is BiasTable or TokenEncoding or LearnedGate or AbsoluteEncoding || last.StartsWith(PvtEncoding, StringComparison.Ordinal);
    }

    /// <summary>Whether <see cref="Resize"/> can bring a stored entry to the shape that the model wants.</summary>
    public static bool CanResize(string name, Shape stored, Shape wanted)
    {
        if (!Applies(name) || stored.Rank != wanted.Rank || stored.Rank is not (2 or 3))
            return false;
        bool isTable = stored.Rank == 2;
        return (isTable ? stored[1] == wanted[1] : stored[0] == 1 && wanted[0] == 1 && stored[2] == wanted[2])
            && IsSquare(stored[-2]) && IsSquare(wanted[-2]);
    }

    /// <summary>Resizes an entry.</summary>
    /// <param name="stored">(1, N, C) encodings of √N × √N tokens, or a (N, heads) table of √N × √N offsets.</param>
    /// <param name="wanted">The same with another N.</param>
    /// <returns>A new tensor of the wanted shape; the stored one itself where the shapes agree.</returns>
    public static Tensor Resize(Tensor stored, Shape wanted)
    {
        if (stored.Shape == wanted)
            return stored;
        using GradMode mode = GradMode.Disable();
        int from = Side(stored.Shape[-2]), to = Side(wanted[-2]), channels = stored.Shape[-1];
        return stored.Reshape(1, from, from, channels).Interpolate(to, to, InterpolationMode.Bicubic).Reshape(wanted);
    }

    private static int Side(int positions) => (int)Math.Round(Math.Sqrt(positions));

    private static bool IsSquare(int positions) => positions > 0 && Side(positions) * Side(positions) == positions;
}
