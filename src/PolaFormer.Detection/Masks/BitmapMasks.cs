using PolaFormer.Detection.Boxes;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Detection.Masks;

/// <summary>Masks of pixels: resized by OpenCV's nearest pixel, cropped to targets by RoIAlign.</summary>
/// <param name="height">Rows.</param>
/// <param name="width">Columns.</param>
/// <param name="bitmaps">(height, width) each; 0 or 1.</param>
public sealed class BitmapMasks(int height, int width, IReadOnlyList<byte[]> bitmaps) : InstanceMasks(height, width)
{
    /// <inheritdoc/>
    public override int Count => bitmaps.Count;

    /// <inheritdoc/>
    public override double[] Areas => [.. bitmaps.Select(bitmap => (double)bitmap.Sum(pixel => pixel))];

    /// <inheritdoc/>
    public override Box[] Bounds => [.. bitmaps.Select(BoundsOf)];

    /// <summary>The masks of polygons.</summary>
    public static BitmapMasks FromPolygons(int height, int width, IReadOnlyList<IReadOnlyList<double[]>> polygons) =>
        new(height, width, [.. polygons.Select(parts => Polygon.Rasterize(parts, height, width).ToBitmap())]);

    /// <inheritdoc/>
    public override byte[] Bitmap(int number) => bitmaps[number];

    /// <inheritdoc/>
    public override BitmapMasks Chosen(IReadOnlyList<int> numbers) => new(Height, Width, [.. numbers.Select(i => bitmaps[i])]);

    /// <inheritdoc/>
    public override BitmapMasks Resized(int height, int width)
    {
        int[] rows = Nearest(Height, height), columns = Nearest(Width, width);
        return Mapped(height, width, (bitmap, y, x) => bitmap[(rows[y] * Width) + columns[x]]);
    }

    /// <inheritdoc/>
    public override BitmapMasks Flipped(bool horizontally, bool vertically) => Mapped(Height, Width, (bitmap, y, x) =>
        bitmap[((vertically ? Height - 1 - y : y) * Width) + (horizontally ? Width - 1 - x : x)]);

    /// <inheritdoc/>
    public override BitmapMasks Cropped(int x, int y, int width, int height) =>
        Mapped(Math.Min(height, Height - y), Math.Min(width, Width - x), (bitmap, row, column) => bitmap[((row + y) * Width) + column + x]);

    /// <inheritdoc/>
    public override BitmapMasks Padded(int height, int width) =>
        Mapped(height, width, (bitmap, y, x) => y < Height && x < Width ? bitmap[(y * Width) + x] : (byte)0);

    /// <inheritdoc/>
    public override float[] Targets(IReadOnlyList<Box> regions, IReadOnlyList<int> objects, int height, int width)
    {
        float[] targets = new float[regions.Count * height * width];
        if (regions.Count == 0)
            return targets;
        using var scope = MemoryScope.Enter();

        // An object at a time: all masks of an image as numbers would be large.
        foreach (IGrouping<int, int> group in Enumerable.Range(0, regions.Count).GroupBy(i => objects[i]))
        {
            using var inner = MemoryScope.Enter();
            int[] numbers = [.. group];
            Tensor mask = Tensor.Empty([1, Height, Width, 1], device: Device.Cpu);
            byte[] bitmap = bitmaps[group.Key];
            mask.Write<float>(pixels =>
            {
                for (int i = 0; i < pixels.Length; i++)
                    pixels[i] = bitmap[i];
            });
            float[] rows = [.. numbers.SelectMany(i => new[] { 0, regions[i].X1, regions[i].Y1, regions[i].X2, regions[i].Y2 })];
            float[] shares = mask.RoiAlign(Tensor.From(rows, [numbers.Length, 5], Device.Cpu), new RoiAlignRule(height, width, 1)).ToArray();
            for (int i = 0; i < shares.Length; i++)
                targets[(numbers[i / (height * width)] * height * width) + (i % (height * width))] = shares[i] >= 0.5f ? 1 : 0;
        }

        return targets;
    }

    // The pixel ⌊o·(inputs / outputs)⌋, the ratio rounded as OpenCV has it.
    private static int[] Nearest(int inputs, int outputs)
    {
        double ratio = (double)inputs / outputs;
        return [.. Enumerable.Range(0, outputs).Select(i => Math.Min((int)Math.Floor(i * ratio), inputs - 1))];
    }

    private BitmapMasks Mapped(int height, int width, Func<byte[], int, int, byte> pixel)
    {
        var mapped = new List<byte[]>();
        foreach (byte[] bitmap in bitmaps)
        {
            byte[] result = new byte[height * width];
            for (int y = 0, i = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++, i++)
                    result[i] = pixel(bitmap, y, x);
            }

            mapped.Add(result);
        }

        return new BitmapMasks(height, width, mapped);
    }

    private Box BoundsOf(byte[] bitmap)
    {
        (int left, int top, int right, int bottom) = (Width, Height, 0, 0);
        for (int i = 0; i < bitmap.Length; i++)
        {
            if (bitmap[i] != 0)
                (left, top, right, bottom) = (Math.Min(left, i % Width), Math.Min(top, i / Width), Math.Max(right, (i % Width) + 1), Math.Max(bottom, (i / Width) + 1));
        }

        return right == 0 ? default : new Box(left, top, right, bottom);
    }
}
