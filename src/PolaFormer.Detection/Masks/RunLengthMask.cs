using System.Text;

namespace PolaFormer.Detection.Masks;

/// <summary>
/// A mask as the lengths of its runs down the columns, the first of them zeros: COCO's form. Text, areas and overlaps are those of
/// pycocotools.
/// </summary>
public sealed class RunLengthMask
{
    private readonly uint[] _counts;

    /// <summary>Makes a mask of runs.</summary>
    /// <exception cref="FormatException">The runs do not fill the mask, or a side is not positive.</exception>
    public RunLengthMask(int height, int width, ReadOnlySpan<uint> counts)
    {
        if (height < 1 || width < 1)
            throw new FormatException($"A mask of {height} × {width} pixels has no pixels.");
        long sum = 0;
        foreach (uint count in counts)
            sum += count;
        if (sum != (long)height * width)
            throw new FormatException($"Runs of {sum} pixels do not fill a mask of {height} × {width}.");
        (Height, Width) = (height, width);
        _counts = counts.ToArray();
    }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Lengths of the runs, zeros first.</summary>
    public ReadOnlySpan<uint> Counts => _counts;

    /// <summary>Pixels that are set.</summary>
    public long Area
    {
        get
        {
            long area = 0;
            for (int i = 1; i < _counts.Length; i += 2)
                area += _counts[i];
            return area;
        }
    }

    /// <summary>Left, top, width and height of what is set; zeros for nothing. A run that ends at the foot of a column touches the whole height.</summary>
    public (double X, double Y, double Width, double Height) Bounds
    {
        get
        {
            int runs = _counts.Length / 2 * 2;
            if (runs == 0)
                return default;
            (long left, long top, long right, long bottom, long sum, long start) = (Width, Height, 0, 0, 0, 0);
            for (int i = 0; i < runs; i++)
            {
                sum += _counts[i];
                long place = sum - (i % 2), y = place % Height, x = (place - y) / Height;
                if (i % 2 == 0)
                    start = x;
                else if (start < x)
                    (top, bottom) = (0, Height - 1);
                (left, right, top, bottom) = (Math.Min(left, x), Math.Max(right, x), Math.Min(top, y), Math.Max(bottom, y));
            }

            return (left, top, right - left + 1, bottom - top + 1);
        }
    }

    /// <summary>The mask of a bitmap (height, width): what is not 0 is set.</summary>
    public static RunLengthMask FromBitmap(ReadOnlySpan<byte> bitmap, int height, int width)
    {
        var counts = new List<uint>();
        uint run = 0;
        bool isSet = false;
        for (int x = 0; x < width; x++)
        {
            for (int y = 0; y < height; y++)
            {
                if ((bitmap[(y * width) + x] != 0) != isSet)
                {
                    counts.Add(run);
                    (run, isSet) = (0, !isSet);
                }

                run++;
            }
        }

        counts.Add(run);
        return new RunLengthMask(height, width, [.. counts]);
    }

    /// <summary>The mask of a box given by left, top, width and height.</summary>
    public static RunLengthMask FromBox(double x, double y, double width, double height, int rows, int columns) =>
        Polygon.Rasterize([x, y, x, y + height, x + width, y + height, x + width, y], rows, columns);

    /// <summary>Reads COCO's text: five bits a character, from the third run on differences to the run two before.</summary>
    /// <exception cref="FormatException">The text is no mask of this size.</exception>
    public static RunLengthMask Parse(ReadOnlySpan<char> text, int height, int width)
    {
        var counts = new List<uint>();
        int at = 0;
        while (at < text.Length)
        {
            long value = 0;
            int shift = 0, digit;
            do
            {
                digit = at < text.Length ? text[at++] - 48 : -1;
                if (digit is < 0 or > 63 || shift > 40)
                    throw new FormatException($"The text of a mask is damaged at character {at}.");
                value |= (long)(digit & 0x1f) << shift;
                shift += 5;
            }
            while ((digit & 0x20) != 0);
            if ((digit & 0x10) != 0)
                value |= -1L << shift;
            if (counts.Count > 2)
                value += counts[^2];
            if (value is < 0 or > uint.MaxValue)
                throw new FormatException($"The text of a mask has a run of {value} pixels.");
            counts.Add((uint)value);
        }

        return new RunLengthMask(height, width, [.. counts]);
    }

    /// <summary>COCO's text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int i = 0; i < _counts.Length; i++)
        {
            long value = i > 2 ? (long)_counts[i] - _counts[i - 2] : _counts[i];
            bool isMore;
            do
            {
                long digit = value & 0x1f;
                value >>= 5;
                isMore = (digit & 0x10) != 0 ? value != -1 : value != 0;
                text.Append((char)((isMore ? digit | 0x20 : digit) + 48));
            }
            while (isMore);
        }

        return text.ToString();
    }

    /// <summary>The mask as a bitmap (height, width) of zeros and ones.</summary>
    public byte[] ToBitmap()
    {
        byte[] bitmap = new byte[Height * Width];
        long place = 0;
        for (int i = 0; i < _counts.Length; place += _counts[i++])
        {
            for (long end = place + _counts[i], at = place; i % 2 == 1 && at < end; at++)
                bitmap[(at % Height * Width) + (at / Height)] = 1;
        }

        return bitmap;
    }

    /// <summary>What is set in any of some masks of one size, or in all of them.</summary>
    public static RunLengthMask Merge(IReadOnlyList<RunLengthMask> masks, bool intersects = false)
    {
        RunLengthMask merged = masks[0];
        foreach (RunLengthMask mask in masks.Skip(1))
        {
            var counts = new List<uint>();
            uint run = 0;
            bool isSet = false;
            foreach ((uint length, bool first, bool second) in merged.Walk(mask))
            {
                bool next = intersects ? first && second : first || second;
                if (next != isSet)
                {
                    counts.Add(run);
                    (run, isSet) = (0, next);
                }

                run += length;
            }

            counts.Add(run);
            merged = new RunLengthMask(merged.Height, merged.Width, [.. counts]);
        }

        return merged;
    }

    /// <summary>Intersection over union with an object; over this mask's own area where the object is a crowd.</summary>
    public double OverlapWith(RunLengthMask other, bool isCrowd)
    {
        if (Height != other.Height || Width != other.Width)
            return -1;
        if (BoxOverlap(Bounds, other.Bounds, isCrowd) <= 0)
            return 0;
        long shared = 0, covered = 0;
        foreach ((uint length, bool first, bool second) in Walk(other))
        {
            shared += first && second ? length : 0;
            covered += first || second ? length : 0;
        }

        return shared == 0 ? 0 : (double)shared / (isCrowd ? Area : covered);
    }

    /// <summary>The overlap of two boxes given by left, top, width and height; over the first's own area where the second is a crowd.</summary>
    public static double BoxOverlap((double X, double Y, double Width, double Height) box, (double X, double Y, double Width, double Height) other, bool isCrowd)
    {
        double width = Math.Min(box.Width + box.X, other.Width + other.X) - Math.Max(box.X, other.X);
        double height = Math.Min(box.Height + box.Y, other.Height + other.Y) - Math.Max(box.Y, other.Y);
        if (!(width > 0 && height > 0))
            return 0;
        double shared = width * height, area = box.Width * box.Height;
        return shared / (isCrowd ? area : area + (other.Width * other.Height) - shared);
    }

    // Both masks' runs cut where either changes.
    private IEnumerable<(uint Length, bool First, bool Second)> Walk(RunLengthMask other)
    {
        int a = 0, b = 0;
        uint left = _counts.Length > 0 ? _counts[0] : 0, right = other._counts.Length > 0 ? other._counts[0] : 0;
        while (true)
        {
            while (left == 0 && a + 1 < _counts.Length)
                left = _counts[++a];
            while (right == 0 && b + 1 < other._counts.Length)
                right = other._counts[++b];
            uint length = Math.Min(left, right);
            if (length == 0)
                yield break;
            yield return (length, a % 2 == 1, b % 2 == 1);
            left -= length;
            right -= length;
        }
    }
}
