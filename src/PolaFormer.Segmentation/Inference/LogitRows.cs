using System.Numerics;
using System.Runtime.InteropServices;

namespace PolaFormer.Segmentation.Inference;

/// <summary>
/// Rows of a photograph's logits, made one at a time from those of a head: brought to the network's input, averaged where windows
/// overlap, brought to the photograph. So no map of all classes at full size is ever in memory. One object is for one thread.
/// </summary>
internal sealed class LogitRows
{
    private readonly SegmentedInput _input;
    private readonly int _classes, _height, _width;
    private readonly LinearTaps? _rows, _columns;
    private readonly (LinearTaps Rows, LinearTaps Columns)[] _windows;

    // The last rows at the resolution of the input, and their numbers.
    private readonly float[][] _cache;
    private readonly int[] _cached = [-1, -1];
    private readonly float[] _blended, _narrow;

    /// <summary>Prepares the rows of a photograph of a size in pixels.</summary>
    public LogitRows(SegmentedInput input, int classes, int height, int width, bool alignCorners)
    {
        (_input, _classes, _height, _width) = (input, classes, height, width);
        _windows = [.. input.Windows.Select(window => (new LinearTaps(window.Height, window.Part.Height, alignCorners), new LinearTaps(window.Width, window.Part.Width, alignCorners)))];
        if (height != input.Height || width != input.Width)
            (_rows, _columns) = (new LinearTaps(input.Height, height, alignCorners), new LinearTaps(input.Width, width, alignCorners));
        _cache = [new float[input.Width * classes], new float[input.Width * classes]];
        _blended = new float[input.Width * classes];
        _narrow = new float[input.Windows.Max(window => window.Width) * classes];
    }

    /// <summary>A row of logits, (width, classes), as the photograph has it: flips are undone.</summary>
    public void Fill(int y, Span<float> row)
    {
        if (_input.Flip == FlipDirection.Vertical)
            y = _height - 1 - y;
        if (_rows is null)
        {
            InputRow(y).CopyTo(row);
        }
        else
        {
            (int first, int second, float fraction) = _rows[y];
            ReadOnlySpan<float> upper = InputRow(first), lower = InputRow(second);
            Blend(upper, lower, fraction, _blended);
            Spread(_blended, _columns!, _width, row);
        }

        if (_input.Flip == FlipDirection.Horizontal)
            Mirror(row);
    }

    private ReadOnlySpan<float> InputRow(int y)
    {
        int slot = Array.IndexOf(_cached, y);
        if (slot >= 0)
            return _cache[slot];
        slot = _cached[0] <= _cached[1] ? 0 : 1;
        _cached[slot] = y;
        float[] row = _cache[slot];
        row.AsSpan().Clear();
        int windows = 0;
        for (int i = 0; i < _windows.Length; i++)
        {
            WindowLogits window = _input.Windows[i];
            if (y < window.Part.Y || y >= window.Part.Y + window.Part.Height)
                continue;
            windows++;
            (int first, int second, float fraction) = _windows[i].Rows[y - window.Part.Y];
            int stride = window.Width * _classes;
            Span<float> narrow = _narrow.AsSpan(0, stride);
            Blend(window.Values.AsSpan(first * stride, stride), window.Values.AsSpan(second * stride, stride), fraction, narrow);
            SpreadOnto(narrow, _windows[i].Columns, window.Part.Width, row.AsSpan(window.Part.X * _classes, window.Part.Width * _classes));
        }

        if (_input.Windows.Count > 1)
            Average(y, row);
        return row;
    }

    // Every pixel of the row by the number of windows over it.
    private void Average(int y, Span<float> row)
    {
        for (int x = 0; x < _input.Width; x++)
        {
            int count = 0;
            foreach (WindowLogits window in _input.Windows)
            {
                if (y >= window.Part.Y && y < window.Part.Y + window.Part.Height && x >= window.Part.X && x < window.Part.X + window.Part.Width)
                    count++;
            }

            if (count < 2)
                continue;
            foreach (ref float value in row.Slice(x * _classes, _classes))
                value /= count;
        }
    }

    private void Spread(ReadOnlySpan<float> narrow, LinearTaps columns, int width, Span<float> wide)
    {
        wide.Clear();
        SpreadOnto(narrow, columns, width, wide);
    }

    private void SpreadOnto(ReadOnlySpan<float> narrow, LinearTaps columns, int width, Span<float> wide)
    {
        for (int x = 0; x < width; x++)
        {
            (int first, int second, float fraction) = columns[x];
            AddBlend(narrow.Slice(first * _classes, _classes), narrow.Slice(second * _classes, _classes), fraction, wide.Slice(x * _classes, _classes));
        }
    }

    private void Mirror(Span<float> row)
    {
        for (int left = 0, right = _width - 1; left < right; left++, right--)
        {
            Span<float> a = row.Slice(left * _classes, _classes), b = row.Slice(right * _classes, _classes);
            for (int c = 0; c < _classes; c++)
                (a[c], b[c]) = (b[c], a[c]);
        }
    }

    private static void Blend(ReadOnlySpan<float> a, ReadOnlySpan<float> b, float fraction, Span<float> result)
    {
        if (fraction == 0)
        {
            a.CopyTo(result);
            return;
        }

        int i = 0, lanes = Vector<float>.Count;
        var first = new Vector<float>(1 - fraction);
        var second = new Vector<float>(fraction);
        for (; i <= result.Length - lanes; i += lanes)
            ((new Vector<float>(a[i..]) * first) + (new Vector<float>(b[i..]) * second)).CopyTo(result[i..]);
        for (; i < result.Length; i++)
            result[i] = (a[i] * (1 - fraction)) + (b[i] * fraction);
    }

    private static void AddBlend(ReadOnlySpan<float> a, ReadOnlySpan<float> b, float fraction, Span<float> result)
    {
        ref float to = ref MemoryMarshal.GetReference(result), x = ref MemoryMarshal.GetReference(a), y = ref MemoryMarshal.GetReference(b);
        int i = 0, lanes = Vector<float>.Count;
        var first = new Vector<float>(1 - fraction);
        var second = new Vector<float>(fraction);
        for (; i <= result.Length - lanes; i += lanes)
            (Vector.LoadUnsafe(ref to, (nuint)i) + (Vector.LoadUnsafe(ref x, (nuint)i) * first) + (Vector.LoadUnsafe(ref y, (nuint)i) * second)).StoreUnsafe(ref to, (nuint)i);
        for (; i < result.Length; i++)
            result[i] += (a[i] * (1 - fraction)) + (b[i] * fraction);
    }
}
