namespace PolaFormer.Detection.Boxes;

/// <summary>
/// The boxes that a dense head starts from: at every place of every map some shapes, centred on the place's first pixel
/// (mmdetection's AnchorGenerator). Values are those of float32 arithmetic in its order.
/// </summary>
public sealed record AnchorGenerator
{
    /// <summary>Pixels between the places of each map.</summary>
    public required IReadOnlyList<int> Strides { get; init; }

    /// <summary>Height over width of the shapes.</summary>
    public required IReadOnlyList<float> Ratios { get; init; }

    /// <summary>Sides of the shapes in strides.</summary>
    public required IReadOnlyList<float> Scales { get; init; }

    /// <summary>Where the shapes' centre stands in a place, in strides from its first pixel.</summary>
    public float CentreOffset { get; init; }

    /// <summary>Anchors of a place.</summary>
    public int Count => Ratios.Count * Scales.Count;

    /// <summary>Sizes base·2^(i/n) in strides, i &lt; n: those of RetinaNet.</summary>
    public static float[] OctaveScales(double baseScale, int perOctave) =>
        [.. Enumerable.Range(0, perOctave).Select(i => (float)(Math.Pow(2, (double)i / perOctave) * baseScale))];

    /// <summary>The shapes of a level's first place: ratios outside, scales inside.</summary>
    public Box[] Shapes(int level)
    {
        var shapes = new Box[Count];
        for (int i = 0; i < shapes.Length; i++)
        {
            float high = MathF.Sqrt(Ratios[i / Scales.Count]), wide = 1 / high, scale = Scales[i % Scales.Count];
            float width = Strides[level] * wide * scale, height = Strides[level] * high * scale;
            float centre = CentreOffset * Strides[level];
            shapes[i] = new Box(centre - (0.5f * width), centre - (0.5f * height), centre + (0.5f * width), centre + (0.5f * height));
        }

        return shapes;
    }

    /// <summary>The anchors of a map, (row·width + column)·<see cref="Count"/> + shape.</summary>
    public Box[] OfLevel(int level, int height, int width) => Chosen(level, width, [.. Enumerable.Range(0, height * width * Count)]);

    /// <summary>Those of <see cref="OfLevel"/> with the given numbers.</summary>
    public Box[] Chosen(int level, int width, IReadOnlyList<int> numbers)
    {
        Box[] shapes = Shapes(level), anchors = new Box[numbers.Count];
        int stride = Strides[level];
        for (int i = 0; i < anchors.Length; i++)
        {
            (int place, int number) = Math.DivRem(numbers[i], shapes.Length);
            Box shape = shapes[number];
            float x = place % width * stride, y = place / width * stride;
            anchors[i] = new Box(x + shape.X1, y + shape.Y1, x + shape.X2, y + shape.Y2);
        }

        return anchors;
    }

    /// <summary>The anchors of all maps, one level after another.</summary>
    public Box[] OfAll(IReadOnlyList<(int Height, int Width)> maps) => [.. maps.SelectMany((map, level) => OfLevel(level, map.Height, map.Width))];

    /// <summary>Which of all anchors stand at a place that begins inside an image padded to this size.</summary>
    public bool[] Valid(IReadOnlyList<(int Height, int Width)> maps, int height, int width)
    {
        bool[] valid = new bool[maps.Sum(map => map.Height * map.Width) * Count];
        int start = 0;
        for (int level = 0; level < maps.Count; level++)
        {
            (int rows, int columns) = maps[level];
            int inside = Math.Min((height + Strides[level] - 1) / Strides[level], rows), across = Math.Min((width + Strides[level] - 1) / Strides[level], columns);
            for (int row = 0; row < inside; row++)
                valid.AsSpan(start + (row * columns * Count), across * Count).Fill(true);
            start += rows * columns * Count;
        }

        return valid;
    }

    /// <summary>Which of the valid anchors reach over the image's edges by less than a border; all where it is negative.</summary>
    public static bool[] Inside(ReadOnlySpan<Box> anchors, ReadOnlySpan<bool> valid, int height, int width, int border)
    {
        bool[] inside = valid.ToArray();
        for (int i = 0; i < inside.Length && border >= 0; i++)
        {
            Box box = anchors[i];
            inside[i] &= box.X1 >= -border && box.Y1 >= -border && box.X2 < width + border && box.Y2 < height + border;
        }

        return inside;
    }
}
