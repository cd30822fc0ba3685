using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Masks;

/// <summary>
/// Puts the small mask of a box into the image: sampled bilinear at the pixels' centres, 0 outside, set from a bound on
/// (mmdetection's paste). Only the pixels of the box are touched, whatever the size of the image, and only where the four values
/// around them are on both sides of the bound is a pixel interpolated.
/// </summary>
public static class MaskPaste
{
    // An interpolated value leaves the range of its four values by less than this.
    private const double Rounding = 1e-12;

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
        var runs = new Runs(height, width);
        double[] downs = new double[Math.Max(0, bottom - top)];
        List<(int From, int To, int? Row)> stretches = StretchesOf(downs, top, box, side);
        for (int x = left; x < right; x++)
        {
            (int? column, double along) = CellOf(Place(x, box.X1, box.X2, side), side);
            foreach ((int from, int to, int? row) in stretches)
            {
                Cell cell = row is { } r && column is { } c ? new Cell(mask, side, r, c) : default;
                if (cell.Least >= bound + Rounding)
                {
                    runs.Set(x, top + from, top + to);
                }
                else if (!(cell.Most < bound - Rounding))
                {
                    for (int y = from; y < to; y++)
                    {
                        if (cell.At(downs[y], along) >= bound)
                            runs.Set(x, top + y, top + y + 1);
                    }
                }
            }
        }

        return runs.ToMask();
    }

    // Pixels of a column that lie between the same two rows of the small mask, each with its way from the first to the second.
    private static List<(int From, int To, int? Row)> StretchesOf(double[] downs, int top, Box box, int side)
    {
        List<(int From, int To, int? Row)> stretches = [];
        for (int y = 0; y < downs.Length; y++)
        {
            (int? row, downs[y]) = CellOf(Place(top + y, box.Y1, box.Y2, side), side);
            if (stretches.Count > 0 && stretches[^1].Row == row)
                stretches[^1] = stretches[^1] with { To = y + 1 };
            else
                stretches.Add((y, y + 1, row));
        }

        return stretches;
    }

    // A pixel's centre in the small mask, whose pixels' centres are at whole numbers.
    private static double Place(int pixel, float from, float to, int side)
    {
        double normal = ((pixel + 0.5 - from) / ((double)to - from) * 2) - 1;
        if (double.IsInfinity(normal))
            normal = 0;
        return (((normal + 1) * side) - 1) / 2;
    }

    // The value before a place, none farther than one outside, and the way from there.
    private static (int? Number, double Share) CellOf(double place, int side) =>
        place > -1 && place < side ? ((int)Math.Floor(place), place - Math.Floor(place)) : (null, 0);

    // Four neighbouring values, zeros outside the small mask.
    private readonly struct Cell
    {
        private readonly double _upperLeft, _upperRight, _lowerLeft, _lowerRight;

        public Cell(ReadOnlySpan<double> mask, int side, int row, int column)
        {
            _upperLeft = Value(mask, side, row, column);
            _upperRight = Value(mask, side, row, column + 1);
            _lowerLeft = Value(mask, side, row + 1, column);
            _lowerRight = Value(mask, side, row + 1, column + 1);
            Least = Math.Min(Math.Min(_upperLeft, _upperRight), Math.Min(_lowerLeft, _lowerRight));
            Most = Math.Max(Math.Max(_upperLeft, _upperRight), Math.Max(_lowerLeft, _lowerRight));
        }

        public double Least { get; }

        public double Most { get; }

        public double At(double down, double along) =>
            (_upperLeft * (1 - down) * (1 - along)) + (_upperRight * (1 - down) * along) + (_lowerLeft * down * (1 - along)) + (_lowerRight * down * along);

        private static double Value(ReadOnlySpan<double> mask, int side, int row, int column) =>
            row >= 0 && row < side && column >= 0 && column < side ? mask[(row * side) + column] : 0;
    }

    // Set pixels, given in order, to the lengths of runs.
    private ref struct Runs(int height, int width)
    {
        private readonly List<uint> _counts = [];
        private long _done, _from, _to;

        public void Set(int column, int fromRow, int toRow)
        {
            long from = ((long)column * height) + fromRow;
            if (from != _to || _from == _to)
            {
                Close();
                _from = from;
            }

            _to = ((long)column * height) + toRow;
        }

        public RunLengthMask ToMask()
        {
            Close();
            if (_counts.Count == 0 || _done < (long)height * width)
                _counts.Add((uint)(((long)height * width) - _done));
            return new RunLengthMask(height, width, [.. _counts]);
        }

        private void Close()
        {
            if (_from == _to)
                return;
            _counts.Add((uint)(_from - _done));
            _counts.Add((uint)(_to - _from));
            (_done, _from) = (_to, _to);
        }
    }
}
