using PolaFormer.Tensors;

namespace PolaFormer.Detection.Boxes;

/// <summary>
/// Boxes as what a network regresses: the centre's way in sizes of another box, and the logarithms of the ratios of the sides, less
/// means and over standard deviations (mmdetection's DeltaXYWHBBoxCoder).
/// </summary>
/// <param name="Deviation">Standard deviation of each delta.</param>
/// <param name="Mean">Mean of each delta.</param>
public readonly record struct BoxCoder((float X, float Y, float Width, float Height) Deviation, (float X, float Y, float Width, float Height) Mean = default)
{
    /// <summary>Deltas as they are.</summary>
    public static BoxCoder Plain => new((1, 1, 1, 1));

    /// <summary>The deltas that lead from one box to another, as the edges of a box.</summary>
    public Box Encode(Box from, Box to)
    {
        float width = from.Width, height = from.Height;
        float x = (((to.X1 + to.X2) * 0.5f) - ((from.X1 + from.X2) * 0.5f)) / width, y = (((to.Y1 + to.Y2) * 0.5f) - ((from.Y1 + from.Y2) * 0.5f)) / height;
        float w = MathF.Log(to.Width / width), h = MathF.Log(to.Height / height);
        return new Box(
            (x - Mean.X) / Deviation.X, (y - Mean.Y) / Deviation.Y, (w - Mean.Width) / Deviation.Width, (h - Mean.Height) / Deviation.Height);
    }

    /// <summary>Boxes from deltas (n, 4·k) against boxes (n, 4), with gradients.</summary>
    /// <param name="boxes">Where the deltas start from.</param>
    /// <param name="deltas">What a network gave.</param>
    /// <param name="size">Height and width of the image that results are clipped to; null for none.</param>
    public Tensor Decode(Tensor boxes, Tensor deltas, (float Height, float Width)? size = null) =>
        deltas.DecodeBoxes(boxes, new BoxDecodeRule(Deviation, Mean, size?.Width ?? float.PositiveInfinity, size?.Height ?? float.PositiveInfinity));
}
