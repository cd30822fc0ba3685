using PolaFormer.Tensors;

namespace PolaFormer.NN.Attention;

/// <summary>Values learned for the places of one grid of tokens, brought to another when the images have another size.</summary>
public static class GridPositions
{
    /// <summary>Interpolates the places of the grid; prefix tokens keep theirs. The same tensor where the grids are equal.</summary>
    /// <param name="positions">(1, prefix + from.Height·from.Width, C).</param>
    /// <param name="from">The grid that they were learned for, in tokens.</param>
    /// <param name="to">The grid to interpolate to.</param>
    /// <param name="prefix">Tokens before the grid.</param>
    /// <param name="mode">How values between places are made.</param>
    /// <param name="device">What the values are for; that of the positions where null.</param>
    /// <returns>(1, prefix + to.Height·to.Width, C).</returns>
    public static Tensor Resize(Tensor positions, (int Height, int Width) from, (int Height, int Width) to, int prefix = 0, InterpolationMode mode = InterpolationMode.Bilinear, Device? device = null)
    {
        if (from == to)
            return positions;
        int places = from.Height * from.Width, dim = positions.Shape[2];
        Tensor grid = prefix == 0 ? positions : positions.Slice(1, prefix, places);
        grid = grid.Reshape(1, from.Height, from.Width, dim).Interpolate(to.Height, to.Width, mode, device).Reshape(1, -1, dim);
        return prefix == 0 ? grid : Tensor.Concat(1, positions.Slice(1, 0, prefix), grid);
    }
}
