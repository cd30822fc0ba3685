using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Masks;

/// <summary>Closed polygons x₀, y₀, x₁, y₁, … in pixels.</summary>
public static class Polygon
{
    // The grid of edges is five times as fine as the pixels.
    private const double Scale = 5;

    /// <summary>Coordinates beyond this are no image's.</summary>
    public const double MaxCoordinate = 1 << 20;

    /// <summary>The pixels inside, by pycocotools' rule: edges are drawn on a grid of fifths of pixels, inside is what they cross an odd number of times.</summary>
    /// <exception cref="FormatException">A coordinate is not finite or no image's.</exception>
    public static RunLengthMask Rasterize(ReadOnlySpan<double> points, int height, int width)
    {
        foreach (double coordinate in points)
        {
            if (!(Math.Abs(coordinate) <= MaxCoordinate))
                throw new FormatException($"The polygon has a coordinate {coordinate}.");
        }

        List<(int U, int V)> edges = Edges(points);
        var crossings = new List<uint>();
        for (int i = 1; i < edges.Count; i++)
        {
            (int u, int v) = edges[i];
            (int before, int above) = edges[i - 1];
            if (u == before)
                continue;
            double x = (((u < before ? u : u - 1) + 0.5) / Scale) - 0.5;
            if (Math.Floor(x) != x || x < 0 || x > width - 1)
                continue;
            double y = Math.Ceiling(Math.Clamp(((Math.Min(v, above) + 0.5) / Scale) - 0.5, 0, height));
            crossings.Add((uint)(((long)x * height) + (long)y));
        }

        return FromCrossings(crossings, height, width);
    }

    /// <summary>The union of an object's polygons.</summary>
    public static RunLengthMask Rasterize(IReadOnlyList<double[]> parts, int height, int width) =>
        RunLengthMask.Merge([.. parts.Select(part => Rasterize(part, height, width))]);

    /// <summary>Half the sum of cross products: the area inside.</summary>
    public static double Area(ReadOnlySpan<double> points)
    {
        double sum = 0;
        for (int i = 0; i < points.Length; i += 2)
        {
            int before = (i + points.Length - 2) % points.Length;
            sum += (points[i] * points[before + 1]) - (points[i + 1] * points[before]);
        }

        return Math.Abs(sum) / 2;
    }

    /// <summary>The smallest box around an object's polygons.</summary>
    public static Box Bounds(IReadOnlyList<double[]> parts)
    {
        (double left, double top, double right, double bottom) = (double.PositiveInfinity, double.PositiveInfinity, double.NegativeInfinity, double.NegativeInfinity);
        foreach (double[] part in parts)
        {
            for (int i = 0; i < part.Length; i += 2)
                (left, top, right, bottom) = (Math.Min(left, part[i]), Math.Min(top, part[i + 1]), Math.Max(right, part[i]), Math.Max(bottom, part[i + 1]));
        }

        return new Box((float)left, (float)top, (float)right, (float)bottom);
    }

    // Every place of the fine grid that the edges pass, each edge from its first to its last place.
    private static List<(int U, int V)> Edges(ReadOnlySpan<double> points)
    {
        int count = points.Length / 2;
        var edges = new List<(int, int)>();
        for (int i = 0; i < count; i++)
        {
            (int x, int y) = Fine(points, i);
            (int toX, int toY) = Fine(points, (i + 1) % count);
            int across = Math.Abs(toX - x), down = Math.Abs(toY - y);
            bool isFlat = across >= down, isTurned = isFlat ? x > toX : y > toY;
            if (isTurned)
                (x, y, toX, toY) = (toX, toY, x, y);
            int steps = isFlat ? across : down;
            double slope = steps == 0 ? 0 : (double)(isFlat ? toY - y : toX - x) / steps;
            for (int step = 0; step <= steps; step++)
            {
                int t = isTurned ? steps - step : step;
                edges.Add(isFlat ? (t + x, (int)(y + (slope * t) + 0.5)) : ((int)(x + (slope * t) + 0.5), t + y));
            }
        }

        return edges;
    }

    private static (int X, int Y) Fine(ReadOnlySpan<double> points, int index) =>
        ((int)((Scale * points[2 * index]) + 0.5), (int)((Scale * points[(2 * index) + 1]) + 0.5));

    // Every crossing begins or ends a run; two at one place cancel.
    private static RunLengthMask FromCrossings(List<uint> crossings, int height, int width)
    {
        crossings.Add((uint)(height * width));
        crossings.Sort();
        uint[] differences = new uint[crossings.Count];
        for (int i = 0; i < differences.Length; i++)
            differences[i] = crossings[i] - (i == 0 ? 0 : crossings[i - 1]);
        var counts = new List<uint> { differences[0] };
        for (int i = 1; i < differences.Length; i++)
        {
            if (differences[i] > 0)
                counts.Add(differences[i]);
            else if (++i < differences.Length)
                counts[^1] += differences[i];
        }

        return new RunLengthMask(height, width, [.. counts]);
    }
}
