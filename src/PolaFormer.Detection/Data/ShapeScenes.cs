using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;
using PolaFormer.Tensors.Random;
using PolaFormer.Vision;
using PolaFormer.Vision.OpenCv;

namespace PolaFormer.Detection.Data;

/// <summary>
/// Scenes that are drawn when they are read: shapes of eight kinds, turned, of any colour, on noise or on photographs, with boxes and
/// masks. A scene follows from the seed and its number alone.
/// </summary>
public sealed class ShapeScenes : IDetectionDataset
{
    private const int MostShapes = 5, Tries = 12;
    private const double LeastRadius = 0.1, LargestRadius = 0.3;
    private const ulong DrawsOfScene = 1 << 20;

    private readonly ulong _seed;
    private readonly IReadOnlyList<string> _backgrounds;

    /// <summary>Makes scenes.</summary>
    /// <param name="count">How many.</param>
    /// <param name="side">Side of a scene in pixels, at least 32.</param>
    /// <param name="seed">Another seed gives other scenes.</param>
    /// <param name="backgrounds">A folder of photographs to draw on; null for noise alone.</param>
    /// <exception cref="ArgumentException">A number is not in its range.</exception>
    public ShapeScenes(int count, int side = 320, ulong seed = 0, string? backgrounds = null)
    {
        if (count < 1 || side is < 32 or > 4096)
            throw new ArgumentException($"There cannot be {count} scenes of {side} × {side} pixels: there must be one at least, and the side lies in [32, 4096].");
        _seed = seed;
        _backgrounds = backgrounds is null ? [] : ImageFiles.In(backgrounds);
        var images = new CocoImage[count];
        for (int i = 0; i < count; i++)
        {
            images[i] = new CocoImage(i + 1, $"scene{i + 1}.png", side, side);
            images[i].Annotations.AddRange(Draw(images[i]).Select((shape, j) => shape with { Id = ((long)(i + 1) << 8) + j + 1 }));
        }

        (Images, Annotations) = (images, new CocoDataset(images, CocoCategories.Named(ShapeOutlines.All.Select(shape => shape.Name))));
    }

    /// <inheritdoc/>
    public IReadOnlyList<CocoImage> Images { get; }

    /// <inheritdoc/>
    public CocoDataset Annotations { get; }

    /// <inheritdoc/>
    public AnnotatedImage Read(CocoImage image)
    {
        var random = new Draws(_seed, image.Id, DrawsOfScene / 2);
        Image scene = Background(image, random);
        foreach (CocoAnnotation shape in Draw(image))
            Paint(scene, shape, random);
        (Box[] boxes, int[] labels, Box[] ignored, InstanceMasks masks) = Annotations.ObjectsOf(image);
        return new AnnotatedImage { Image = scene, Boxes = boxes, Labels = labels, Ignored = ignored, Masks = masks, OriginalHeight = image.Height, OriginalWidth = image.Width };
    }

    // Where shapes are: none lies on another.
    private List<CocoAnnotation> Draw(CocoImage image)
    {
        var random = new Draws(_seed, image.Id, 0);
        var shapes = new List<CocoAnnotation>();
        var taken = new List<(double X, double Y, double Radius)>();
        int wanted = 1 + random.Below(MostShapes), side = image.Width;
        for (int attempt = 0; attempt < wanted * Tries && shapes.Count < wanted; attempt++)
        {
            // Small shapes are as many as large ones on a scale of ratios.
            double radius = side * LeastRadius * Math.Pow(LargestRadius / LeastRadius, random.Next()), x = radius + (random.Next() * (side - (2 * radius))), y = radius + (random.Next() * (side - (2 * radius)));
            int kind = random.Below(ShapeOutlines.All.Count);
            double turn = 2 * Math.PI * random.Next();
            if (taken.Any(other => Math.Sqrt(((other.X - x) * (other.X - x)) + ((other.Y - y) * (other.Y - y))) < other.Radius + radius))
                continue;
            taken.Add((x, y, radius));
            double[] points = Placed(ShapeOutlines.All[kind].Points, x, y, radius, turn);
            Box box = Polygon.Bounds([points]);
            shapes.Add(new CocoAnnotation { Category = kind + 1, Box = (box.X1, box.Y1, box.Width, box.Height), Area = Polygon.Area(points), Polygons = [points] });
        }

        return shapes;
    }

    private static double[] Placed(double[] outline, double x, double y, double radius, double turn)
    {
        (double sine, double cosine) = Math.SinCos(turn);
        double[] points = new double[outline.Length];
        for (int i = 0; i < points.Length; i += 2)
        {
            points[i] = x + (radius * ((cosine * outline[i]) - (sine * outline[i + 1])));
            points[i + 1] = y + (radius * ((sine * outline[i]) + (cosine * outline[i + 1])));
        }

        return points;
    }

    private Image Background(CocoImage image, Draws random)
    {
        if (_backgrounds.Count == 0 || random.Next() < 0.25)
            return Noise(image.Width, random);
        using Image photo = ImageDecoder.Decode(_backgrounds[random.Below(_backgrounds.Count)], new ImageDecodeOptions { MinimumSize = image.Width });
        int least = Math.Min(photo.Width, photo.Height), part = Math.Max(1, (int)(least * (0.5 + (0.5 * random.Next()))));
        using Image cut = photo.Crop(new PixelRect(random.Below(photo.Width - part + 1), random.Below(photo.Height - part + 1), part, part));
        return BilinearResize.Apply(cut, image.Width, image.Height);
    }

    // Grids of random colours, from two cells a side on, each finer one fainter.
    private static Image Noise(int side, Draws random)
    {
        float[] sum = new float[side * side * Image.Channels];
        float weight = 0.5f, strength = 0.3f + (0.7f * (float)random.Next());
        for (int cells = 2; cells <= side / 2; cells *= 4, weight *= 0.5f * strength)
        {
            float[] grid = new float[cells * cells * Image.Channels];
            for (int i = 0; i < grid.Length; i++)
                grid[i] = weight * 255 * (float)random.Next();
            float[] wide = new float[sum.Length];
            BilinearResize.Apply(grid, cells, cells, Image.Channels, wide, side, side);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += wide[i];
        }

        var image = new Image(side, side);
        Span<byte> pixels = image.Pixels;
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)Math.Clamp(sum[i] + 30, 0, 255);
        return image;
    }

    private static void Paint(Image scene, CocoAnnotation annotation, Draws random)
    {
        double[] points = annotation.Polygons![0];
        (double x, double y, double width, double height) = annotation.Box;
        int centre = (((int)(y + (height / 2)) * scene.Width) + (int)(x + (width / 2))) * Image.Channels;
        byte[] color = Color(scene.Pixels.Slice(centre, Image.Channels), random);
        Fill(scene, points, color, 0.8 + (0.2 * random.Next()));

        // An edge: the same shape within in another colour. A crescent does not hold its smaller copy.
        if (annotation.Category < ShapeOutlines.All.Count && random.Next() < 0.3)
        {
            double inner = 0.7 + (0.15 * random.Next()), middleX = 0, middleY = 0;
            for (int i = 0; i < points.Length; i += 2)
                (middleX, middleY) = (middleX + (2 * points[i] / points.Length), middleY + (2 * points[i + 1] / points.Length));
            double[] within = [.. points.Select((value, i) => i % 2 == 0 ? middleX + (inner * (value - middleX)) : middleY + (inner * (value - middleY)))];
            Fill(scene, within, Color(color, random), 1);
        }
    }

    // A colour that stands out from another by a sixth of the range at least.
    private static byte[] Color(ReadOnlySpan<byte> other, Draws random)
    {
        while (true)
        {
            byte[] color = [(byte)random.Below(256), (byte)random.Below(256), (byte)random.Below(256)];
            if (Math.Abs(color[0] - other[0]) + Math.Abs(color[1] - other[1]) + Math.Abs(color[2] - other[2]) > 128)
                return color;
        }
    }

    private static void Fill(Image scene, double[] points, byte[] color, double cover)
    {
        RunLengthMask mask = Polygon.Rasterize(points, scene.Height, scene.Width);
        ReadOnlySpan<uint> counts = mask.Counts;
        Span<byte> pixels = scene.Pixels;
        long place = 0;
        for (int i = 0; i < counts.Length; place += counts[i++])
        {
            for (long at = place; i % 2 == 1 && at < place + counts[i]; at++)
            {
                Span<byte> pixel = pixels.Slice((int)(((at % scene.Height) * scene.Width) + (at / scene.Height)) * Image.Channels, Image.Channels);
                for (int c = 0; c < pixel.Length; c++)
                    pixel[c] = (byte)(pixel[c] + (cover * (color[c] - pixel[c])));
            }
        }
    }

    private sealed class Draws(ulong seed, long scene, ulong start)
    {
        private readonly Philox _random = new(seed, (ulong)scene);
        private ulong _drawn = start;

        public double Next() => _random.Uniform(_drawn++);

        public int Below(int count) => (int)(Next() * count);
    }
}
