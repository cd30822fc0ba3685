using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Masks;

/// <summary>Closed polygons x₀, y₀, x₁, y₁, … in pixels.</summary>
public static class Polygon
{
    // The grid of edges is five times as fine as the pixels.
    private const double Scale = 5;

    // Places of the grid that a polygon's edges may pass: a second's work, and more than objects of any photograph have.
    private const double MaxPlaces = 1 << 26;

    /// <summary>Coordinates beyond this are no image's.</summary>
    public const double MaxCoordinate = 1 << 20;

    /// <summary>The pixels inside, by pycocotools' rule: edges are drawn on a grid of fifths of pixels, inside is what they cross an odd number of times.</summary>
    /// <exception cref="FormatException">A coordinate is not finite or no image's, or the edges are too long in all.</exception>
    public static RunLengthMask Rasterize(ReadOnlySpan<double> points, int height, int width)
    {
        Check(points);
        var crossings = new List<uint>();
        int count = points.Length / 2;
        (int U, int V)? before = null;
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

            // Every place of the fine grid that the edge passes, from its first to its last.
            for (int step = 0; step <= steps; step++)
            {
                int t = isTurned ? steps - step : step;
                (int U, int V) place = isFlat ? (t + x, (int)(y + (slope * t) + 0.5)) : ((int)(x + (slope * t) + 0.5), t + y);
                if (before is { } last && last.U != place.U)
                    AddCrossing(last, place);
                before = place;
            }
        }

        return FromCrossings(crossings, height, width);

        void AddCrossing((int U, int V) from, (int U, int V) to)
        {
            double x = ((Math.Min(from.U, to.U) + 0.5) / Scale) - 0.5;
            if (Math.Floor(x) != x || x < 0 || x > width - 1)
                return;
            double y = Math.Ceiling(Math.Clamp(((Math.Min(to.V, from.V) + 0.5) / Scale) - 0.5, 0, height));
            crossings.Add((uint)(((long)x * height) + (long)y));
        }
    }

    /// <summary>Whether points can be rasterised.</summary>
    /// <exception cref="FormatException">A coordinate is not finite or no image's, or the edges are too long in all.</exception>
    public static void Check(ReadOnlySpan<double> points)
    {
        double places = 0;
        for (int i = 0; i < points.Length; i++)
        {
            if (!(Math.Abs(points[i]) <= MaxCoordinate))
                throw new FormatException($"The polygon has a coordinate {points[i]}.");
            places += Scale * Math.Abs(points[i] - points[(i + points.Length - 2) % points.Length]);
        }

        if (places > MaxPlaces)
            throw new FormatException($"The polygon's edges pass {places:0} places of the grid of fifths of pixels; {MaxPlaces:0} are allowed.");
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

    private static (int X, int Y) Fine(ReadOnlySpan<double> points, int index) =>
        ((int)((Scale * points[2 * index]) + 0.5), (int)((Scale * points[(2 * index) + 1]) + 0.5));

    // Every crossing begins or ends a run; two at one place cancel.
    private static RunLengthMask FromCrossings(List<uint> crossings, int height, int width)
    {
        crossings.Add((uint)((long)height * width));
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
