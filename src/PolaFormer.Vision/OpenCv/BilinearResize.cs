namespace PolaFormer.Vision.OpenCv;

/// <summary>
/// OpenCV's resize with INTER_LINEAR (4.6): the pixels that mmsegmentation and mmdetection see. Weights of 8-bit images have 11 bits,
/// sums are whole numbers. Columns stop at the border with the weight, rows repeat the border's pixel.
/// </summary>
public static class BilinearResize
{
    private const int Scale = 2048;

    /// <summary>Resizes an image; a copy at the same size.</summary>
    /// <param name="source">The image.</param>
    /// <param name="width">New width in pixels, at least 1.</param>
    /// <param name="height">New height in pixels, at least 1.</param>
    public static Image Apply(Image source, int width, int height)
    {
        var result = new Image(width, height);
        Apply(source.Pixels, source.Width, source.Height, Image.Channels, result.Pixels, width, height);
        return result;
    }

    /// <summary>Resizes pixels of 8 bits a channel.</summary>
    /// <param name="source">(height, width, channels).</param>
    /// <param name="sourceWidth">Width in pixels.</param>
    /// <param name="sourceHeight">Height in pixels.</param>
    /// <param name="channels">Values of a pixel.</param>
    /// <param name="destination">(newHeight, newWidth, channels).</param>
    /// <param name="width">New width in pixels.</param>
    /// <param name="height">New height in pixels.</param>
    public static void Apply(ReadOnlySpan<byte> source, int sourceWidth, int sourceHeight, int channels, Span<byte> destination, int width, int height)
    {
        if (width == sourceWidth && height == sourceHeight)
        {
            source.CopyTo(destination);
            return;
        }

        Axis[] columns = Columns(sourceWidth, width), rows = Rows(sourceHeight, height);
        int stride = width * channels;

        // The horizontal sums of the two rows that the last output row was made of.
        int[][] sums = [new int[stride], new int[stride]];
        int[] held = [-1, -1];
        for (int y = 0; y < height; y++)
        {
            Axis row = rows[y];
            int[] upper = SumsOf(row.First, -1, source, out int slot), lower = row.Second == row.First ? upper : SumsOf(row.Second, slot, source, out _);
            Span<byte> output = destination.Slice(y * stride, stride);
            int b0 = Weight(1 - row.Fraction), b1 = Weight(row.Fraction);
            for (int i = 0; i < stride; i++)
                output[i] = (byte)Math.Clamp(((((upper[i] >> 4) * b0) >> 16) + (((lower[i] >> 4) * b1) >> 16) + 2) >> 2, 0, 255);
        }

        int[] SumsOf(int row, int keep, ReadOnlySpan<byte> pixels, out int slot)
        {
            slot = Array.IndexOf(held, row);
            if (slot >= 0)
                return sums[slot];
            slot = keep >= 0 ? 1 - keep : held[0] <= held[1] ? 0 : 1;
            held[slot] = row;
            ReadOnlySpan<byte> line = pixels.Slice(row * sourceWidth * channels, sourceWidth * channels);
            int[] target = sums[slot];
            for (int x = 0; x < columns.Length; x++)
            {
                Axis column = columns[x];
                int a0 = Weight(1 - column.Fraction), a1 = Weight(column.Fraction), first = column.First * channels, second = column.Second * channels;
                for (int c = 0; c < channels; c++)
                    target[(x * channels) + c] = (line[first + c] * a0) + (line[second + c] * a1);
            }

            return target;
        }
    }

    /// <summary>Resizes float32 pixels; weights are float32.</summary>
    /// <inheritdoc cref="Apply(ReadOnlySpan{byte}, int, int, int, Span{byte}, int, int)"/>
    public static void Apply(ReadOnlySpan<float> source, int sourceWidth, int sourceHeight, int channels, Span<float> destination, int width, int height)
    {
        if (width == sourceWidth && height == sourceHeight)
        {
            source.CopyTo(destination);
            return;
        }

        Axis[] columns = Columns(sourceWidth, width), rows = Rows(sourceHeight, height);
        int stride = sourceWidth * channels;
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<float> upper = source.Slice(rows[y].First * stride, stride), lower = source.Slice(rows[y].Second * stride, stride);
            for (int x = 0; x < width; x++)
            {
                Axis column = columns[x];
                for (int c = 0; c < channels; c++)
                {
                    int first = (column.First * channels) + c, second = (column.Second * channels) + c;
                    float above = (upper[first] * (1 - column.Fraction)) + (upper[second] * column.Fraction);
                    float below = (lower[first] * (1 - column.Fraction)) + (lower[second] * column.Fraction);
                    destination[(((y * width) + x) * channels) + c] = (above * (1 - rows[y].Fraction)) + (below * rows[y].Fraction);
                }
            }
        }
    }

    private static int Weight(float fraction) => (int)MathF.Round(fraction * Scale, MidpointRounding.ToEven);

    private static Axis[] Columns(int inputs, int outputs)
    {
        var axis = new Axis[outputs];
        for (int o = 0; o < outputs; o++)
        {
            (int left, float fraction) = Source(o, inputs, outputs);
            if (left < 0)
                (left, fraction) = (0, 0);
            if (left >= inputs - 1)
                (left, fraction) = (inputs - 1, 0);
            axis[o] = new Axis(left, Math.Min(left + 1, inputs - 1), fraction);
        }

        return axis;
    }

    private static Axis[] Rows(int inputs, int outputs)
    {
        var axis = new Axis[outputs];
        for (int o = 0; o < outputs; o++)
        {
            (int left, float fraction) = Source(o, inputs, outputs);
            axis[o] = new Axis(Math.Clamp(left, 0, inputs - 1), Math.Clamp(left + 1, 0, inputs - 1), fraction);
        }

        return axis;
    }

    private static (int Left, float Fraction) Source(int output, int inputs, int outputs)
    {
        float source = (float)(((output + 0.5) * inputs / outputs) - 0.5);
        int left = (int)MathF.Floor(source);
        return (left, source - left);
    }

    private readonly record struct Axis(int First, int Second, float Fraction);
}
