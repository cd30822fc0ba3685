using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Checkpoints;

/// <summary>
/// Carries what a model has learned for each position to another resolution, bicubically on square maps, as the authors'
/// <c>load_pretrained</c> does (utils.py): position encodings and learned gates of tokens, and tables of relative position
/// biases. One or two positions more than a square are those of a class and a distillation token, which stay as they are.
/// </summary>
public static class PositionInterpolation
{
    /// <summary>Whether <see cref="Resize"/> can bring what is stored for positions to the shape of the model.</summary>
    public static bool CanResize(Shape stored, Shape wanted)
    {
        if (stored.Rank != wanted.Rank || stored.Rank is not (2 or 3))
            return false;
        bool isTable = stored.Rank == 2;
        return (isTable ? stored[1] == wanted[1] : stored[0] == 1 && wanted[0] == 1 && stored[2] == wanted[2])
            && PrefixOf(stored[-2]) is { } prefix && PrefixOf(wanted[-2]) == prefix;
    }

    /// <summary>Resizes an entry.</summary>
    /// <param name="stored">(1, N, C) encodings of √N × √N tokens or a few more, or a (N, heads) table of √N × √N offsets.</param>
    /// <param name="wanted">The same with another N.</param>
    /// <returns>A new tensor of the wanted shape; the stored one itself where the shapes agree.</returns>
    public static Tensor Resize(Tensor stored, Shape wanted)
    {
        if (stored.Shape == wanted)
            return stored;
        using GradMode mode = GradMode.Disable();
        int prefix = PrefixOf(wanted[-2]) ?? 0, from = Side(stored.Shape[-2] - prefix), to = Side(wanted[-2] - prefix), channels = stored.Shape[-1];
        Tensor positions = stored.Reshape(1, -1, channels);
        Tensor grid = positions.Slice(1, prefix, from * from).Reshape(1, from, from, channels).Interpolate(to, to, InterpolationMode.Bicubic).Reshape(1, -1, channels);
        return (prefix == 0 ? grid : Tensor.Concat(1, positions.Slice(1, 0, prefix), grid)).Reshape(wanted);
    }

    private static int Side(int positions) => (int)Math.Round(Math.Sqrt(positions));

    // Positions before those of a square grid; none where there is no such grid.
    private static int? PrefixOf(int positions) => IsSquare(positions) ? 0 : IsSquare(positions - 1) ? 1 : IsSquare(positions - 2) ? 2 : null;

    private static bool IsSquare(int positions) => positions > 0 && Side(positions) * Side(positions) == positions;
}
