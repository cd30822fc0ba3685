using PolaFormer.Vision;

namespace PolaFormer.LongRange.Generation;

/// <summary>
/// A paddle of Pathfinder, one dash of a line, and the surroundings that it keeps others out of: 9 × 9 pixels around the point where it
/// begins. It is drawn at double resolution, as a line of four pixels and its dilation, and both are reduced by Pillow's Lanczos.
/// </summary>
internal sealed class PaddlePicture
{
    /// <summary>Rows and columns.</summary>
    public const int Side = 9;

    /// <summary>Pixels from the middle to the border.</summary>
    public const int Reach = Side / 2;

    // The original's structuring element is cut from this picture one pixel off its middle.
    private const int ElementSide = 7, ElementMiddle = 3;

    private const int Blown = 17, Middle = 8, Length = 4, DilationRadius = 2;

    // Ends of the line at double resolution lie at most as far from the middle as it is long, rounded up.
    private const int Ends = (2 * Length) + 1;

    private static readonly PaddlePicture[] s_all = [.. Enumerable.Range(0, Ends * Ends).Select(end => new PaddlePicture((end / Ends) - Length, (end % Ends) - Length))];

    private PaddlePicture(int dy, int dx)
    {
        bool[] line = Line(dy, dx);
        (Ink, Mask) = (Reduced(line), Reduced(Dilated(line)));
        Element =
        [
            .. from row in Enumerable.Range(0, ElementSide)
               from column in Enumerable.Range(0, ElementSide)
               where Mask[(row * Side) + column] == byte.MaxValue
               select (row - ElementMiddle, column - ElementMiddle),
        ];
    }

    /// <summary>The line, 0 … 255, by rows.</summary>
    public byte[] Ink { get; }

    /// <summary>The surroundings, 0 … 255, by rows.</summary>
    public byte[] Mask { get; }

    /// <summary>The structuring element by which occupied places are dilated to find room for a first paddle: offsets of rows and columns.</summary>
    public IReadOnlyList<(int Y, int X)> Element { get; }

    /// <summary>The picture of a paddle that begins in the middle.</summary>
    /// <param name="orientation">Direction in radians.</param>
    public static PaddlePicture Of(double orientation)
    {
        (int y, int x) = Moved(Middle, Middle, orientation, Length);
        return s_all[((y - Middle + Length) * Ends) + x - Middle + Length];
    }

    /// <summary>A point moved along a direction, both coordinates rounded up.</summary>
    public static (int Y, int X) Moved(int y, int x, double orientation, double distance) =>
        ((int)Math.Ceiling(y + (distance * Math.Sin(orientation))), (int)Math.Ceiling(x + (distance * Math.Cos(orientation))));

    // As Pillow draws a line of width 1 (Bresenham), its last point included.
    private static bool[] Line(int dy, int dx)
    {
        bool[] canvas = new bool[Blown * Blown];
        (int y, int x, int height, int width) = (Middle, Middle, Math.Abs(dy), Math.Abs(dx));
        int longest = Math.Max(height, width), shortest = Math.Min(height, width), error = (2 * shortest) - longest;
        for (int i = 0; i < longest; i++)
        {
            canvas[(y * Blown) + x] = true;
            bool isOblique = error >= 0 && shortest > 0;
            error += (2 * shortest) - (isOblique ? 2 * longest : 0);
            y += width > height && !isOblique ? 0 : Math.Sign(dy);
            x += width > height || isOblique ? Math.Sign(dx) : 0;
        }

        canvas[((Middle + dy) * Blown) + Middle + dx] = true;
        return canvas;
    }

    private static bool[] Dilated(bool[] canvas)
    {
        bool[] dilated = new bool[canvas.Length];
        for (int i = 0; i < canvas.Length; i++)
        {
            for (int dy = -DilationRadius; dy <= DilationRadius; dy++)
            {
                for (int dx = -DilationRadius; dx <= DilationRadius; dx++)
                {
                    (int y, int x) = ((i / Blown) + dy, (i % Blown) + dx);
                    dilated[i] |= (dy * dy) + (dx * dx) <= DilationRadius * DilationRadius && y is >= 0 and < Blown && x is >= 0 and < Blown && canvas[(y * Blown) + x];
                }
            }
        }

        return dilated;
    }

    private static byte[] Reduced(bool[] canvas) => Reduced(canvas, Blown, Side);

    /// <summary>White on black, reduced by Pillow's Lanczos to a smaller square.</summary>
    internal static byte[] Reduced(bool[] canvas, int side, int reduced)
    {
        using var image = new Image(side, side, [.. canvas.SelectMany(isSet => Enumerable.Repeat(isSet ? byte.MaxValue : byte.MinValue, Image.Channels))]);
        using Image small = Resampling.Resize(image, reduced, reduced, ResamplingFilter.Lanczos);
        return Data.GreyLevels.Red(small);
    }
}
