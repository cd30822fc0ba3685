using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Masks;

/// <summary>Masks as polygons: their points move exactly, and become pixels at the end alone.</summary>
/// <param name="height">Rows.</param>
/// <param name="width">Columns.</param>
/// <param name="polygons">The parts of each object, x₀, y₀, x₁, y₁, …</param>
public sealed class PolygonMasks(int height, int width, IReadOnlyList<IReadOnlyList<double[]>> polygons) : InstanceMasks(height, width)
{
    /// <summary>The parts of each object.</summary>
    public IReadOnlyList<IReadOnlyList<double[]>> Polygons => polygons;

    /// <inheritdoc/>
    public override int Count => polygons.Count;

    /// <inheritdoc/>
    public override double[] Areas => [.. polygons.Select(parts => parts.Sum(part => Polygon.Area(part)))];

    /// <inheritdoc/>
    public override Box[] Bounds => [.. polygons.Select(Polygon.Bounds)];

    /// <inheritdoc/>
    public override byte[] Bitmap(int number) => polygons[number].Count == 0 ? new byte[Height * Width] : Polygon.Rasterize(polygons[number], Height, Width).ToBitmap();

    /// <inheritdoc/>
    public override PolygonMasks Chosen(IReadOnlyList<int> numbers) => new(Height, Width, [.. numbers.Select(i => polygons[i])]);

    /// <inheritdoc/>
    public override PolygonMasks Resized(int height, int width)
    {
        double down = (double)height / Height, along = (double)width / Width;
        return Moved(height, width, (x, y) => (x * along, y * down));
    }

    /// <inheritdoc/>
    public override PolygonMasks Flipped(bool horizontally, bool vertically) =>
        Moved(Height, Width, (x, y) => (horizontally ? Width - x : x, vertically ? Height - y : y));

    /// <inheritdoc/>
    public override PolygonMasks Cropped(int x, int y, int width, int height) => Moved(height, width, (px, py) => (px - x, py - y));

    /// <inheritdoc/>
    public override PolygonMasks Padded(int height, int width) => new(height, width, polygons);

    /// <inheritdoc/>
    public override float[] Targets(IReadOnlyList<Box> regions, IReadOnlyList<int> objects, int height, int width)
    {
        var targets = new List<float>(regions.Count * height * width);
        for (int i = 0; i < regions.Count; i++)
        {
            Box box = regions[i];
            double down = height / (double)Math.Max(box.Height, 1), along = width / (double)Math.Max(box.Width, 1);
            double[][] parts = [.. polygons[objects[i]].Select(part => Mapped(part, (x, y) => ((x - box.X1) * along, (y - box.Y1) * down)))];
            targets.AddRange(Polygon.Rasterize(parts, height, width).ToBitmap().Select(pixel => (float)pixel));
        }

        return [.. targets];
    }

    private PolygonMasks Moved(int height, int width, Func<double, double, (double X, double Y)> move) =>
        new(height, width, [.. polygons.Select(parts => (IReadOnlyList<double[]>)[.. parts.Select(part => Mapped(part, move))])]);

    private static double[] Mapped(double[] part, Func<double, double, (double X, double Y)> move)
    {
        double[] moved = new double[part.Length];
        for (int i = 0; i + 1 < part.Length; i += 2)
            (moved[i], moved[i + 1]) = move(part[i], part[i + 1]);
        return moved;
    }
}
