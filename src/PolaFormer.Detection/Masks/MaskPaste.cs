using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Masks;

/// <summary>
/// Puts the small mask of a box into the image: sampled bilinear at the pixels' centres, 0 outside, set from a bound on
/// (mmdetection's paste). Only the pixels of the box are touched, whatever the size of the image.
/// </summary>
public static class MaskPaste
{
    /// <summary>The mask of a box in an image.</summary>
    /// <param name="mask">(side, side) probabilities.</param>
    /// <param name="side">Side of the small mask.</param>
    /// <param name="box">Where it belongs, in pixels of the image.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    /// <param name="bound">From which value on a pixel is set.</param>
    public static RunLengthMask Paste(ReadOnlySpan<double> mask, int side, Box box, int height, int width, double bound = 0.5)
    {
        int left = (int)Math.Max(MathF.Floor(box.X1) - 1, 0), top = (int)Math.Max(MathF.Floor(box.Y1) - 1, 0);
        int right = (int)Math.Clamp(MathF.Ceiling(box.X2) + 1, 0, width), bottom = (int)Math.Clamp(MathF.Ceiling(box.Y2) + 1, 0, height);
        var counts = new List<uint>();
        long run = 0, last = 0;
        bool isSet = false;
        for (int x = left; x < right; x++)
        {
            double across = Place(x, box.X1, box.X2, side);
            for (int y = top; y < bottom; y++)
            {
                bool isPixel = Sample(mask, side, across, Place(y, box.Y1, box.Y2, side)) >= bound;
                long place = ((long)x * height) + y;

                // Between the columns of the window nothing is set.
                if (isSet && (place != last + 1 || !isPixel))
                    Turn(last + 1);
                if (!isSet && isPixel)
                    Turn(place);
                last = place;
            }
        }

        if (isSet)
            Turn(last + 1);
        counts.Add((uint)(((long)height * width) - run));
        if (counts is [.., 0] && counts.Count > 1)
            counts.RemoveAt(counts.Count - 1);
        return new RunLengthMask(height, width, [.. counts]);

        void Turn(long place)
        {
            counts.Add((uint)(place - run));
            (run, isSet) = (place, !isSet);
        }
    }

    // A pixel's centre in the small mask, whose pixels' centres are at whole numbers.
    private static double Place(int pixel, float from, float to, int side)
    {
        double normal = ((pixel + 0.5 - from) / ((double)to - from) * 2) - 1;
        if (double.IsInfinity(normal))
            normal = 0;
        return (((normal + 1) * side) - 1) / 2;
    }

    private static double Sample(ReadOnlySpan<double> mask, int side, double x, double y)
    {
        if (!(x > -1 && x < side && y > -1 && y < side))
            return 0;
        double left = Math.Floor(x), top = Math.Floor(y), along = x - left, down = y - top, sum = 0;
        for (int i = 0; i < 4; i++)
        {
            int row = (int)top + (i / 2), column = (int)left + (i % 2);
            if (row >= 0 && row < side && column >= 0 && column < side)
                sum += mask[(row * side) + column] * (i / 2 == 0 ? 1 - down : down) * (i % 2 == 0 ? 1 - along : along);
        }

        return sum;
    }
}
