using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Means over bins of regions of channels-last maps, bilinear between pixels. The shares of a bin's pixels do not depend on the
/// channel: a bin's points are visited once, with plain loops over channels.
/// </summary>
internal static unsafe class RoiAlign
{
    /// <summary>y(regions, height, width, C) from x(B, H, W, C); a region a part.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A region names no image; nothing is written then.</exception>
    public static void Forward(float* x, Shape map, float* regions, int count, in RoiAlignRule rule, float* y)
    {
        Check(regions, count, map[0]);
        Workers.Run(count, new ForwardBody { X = x, Map = map, Regions = regions, Rule = rule, Y = y });
    }

    /// <summary>dx(B, H, W, C) = the shares of dy; a group of channels a part, each of which takes all regions in order.</summary>
    public static void Backward(float* dy, float* regions, int count, in RoiAlignRule rule, float* dx, Shape map)
    {
        int parts = Math.Clamp((map[3] + 15) / 16, 1, 16);
        Workers.Run(parts, new BackwardBody { Dy = dy, Map = map, Regions = regions, Count = count, Rule = rule, Dx = dx, Parts = parts });
    }

    private static void Check(float* regions, int count, int images)
    {
        for (int i = 0; i < count; i++)
        {
            if (!(regions[5 * i] >= 0 && regions[5 * i] < images))
                throw new ArgumentOutOfRangeException(nameof(regions), $"Region {i} names image {regions[5 * i]} of {images}.");
        }
    }

    // A region on the map: its start, the extents of a bin, and the sample points of a bin.
    private readonly ref struct Region
    {
        public readonly int Image, Rows, Columns;
        public readonly float Top, Left, BinHeight, BinWidth;

        public Region(float* region, in RoiAlignRule rule)
        {
            Image = (int)region[0];
            float offset = rule.IsAligned ? 0.5f : 0;
            Left = (region[1] * rule.Scale) - offset;
            Top = (region[2] * rule.Scale) - offset;
            float width = (region[3] * rule.Scale) - offset - Left, height = (region[4] * rule.Scale) - offset - Top;
            if (!rule.IsAligned)
                (width, height) = (Math.Max(width, 1), Math.Max(height, 1));
            BinHeight = height / rule.Height;
            BinWidth = width / rule.Width;
            Rows = rule.SamplingRatio > 0 ? rule.SamplingRatio : (int)MathF.Ceiling(height / rule.Height);
            Columns = rule.SamplingRatio > 0 ? rule.SamplingRatio : (int)MathF.Ceiling(width / rule.Width);
        }

        public float Points => Math.Max(Rows * Columns, 1);

        public float Row(int bin, int point) => Top + (bin * BinHeight) + ((point + 0.5f) * BinHeight / Rows);

        public float Column(int bin, int point) => Left + (bin * BinWidth) + ((point + 0.5f) * BinWidth / Columns);
    }

    // The two pixels around a place of an axis and the share of the second; nothing farther than a pixel outside.
    private static bool Around(float place, int extent, out int low, out int high, out float share)
    {
        (low, high, share) = (0, 0, 0);
        if (!(place >= -1 && place <= extent))
            return false;
        place = Math.Max(place, 0);
        low = (int)place;
        if (low >= extent - 1)
        {
            low = high = extent - 1;
            return true;
        }

        high = low + 1;
        share = place - low;
        return true;
    }

    private struct ForwardBody : IParallelBody
    {
        public float* X, Regions, Y;
        public Shape Map;
        public RoiAlignRule Rule;

        public readonly void Run(int part)
        {
            (int height, int width, int channels) = (Map[1], Map[2], Map[3]);
            var region = new Region(Regions + (5 * part), Rule);
            float* x = X + ((long)region.Image * height * width * channels);
            float points = region.Points;
            for (int bin = 0; bin < Rule.Height * Rule.Width; bin++)
            {
                var y = new Span<float>(Y + ((((long)part * Rule.Height * Rule.Width) + bin) * channels), channels);
                y.Clear();
                for (int i = 0; i < region.Rows; i++)
                {
                    if (!Around(region.Row(bin / Rule.Width, i), height, out int top, out int bottom, out float down))
                        continue;
                    for (int j = 0; j < region.Columns; j++)
                    {
                        if (!Around(region.Column(bin % Rule.Width, j), width, out int left, out int right, out float along))
                            continue;
                        float* a = x + ((((long)top * width) + left) * channels), b = x + ((((long)top * width) + right) * channels);
                        float* c = x + ((((long)bottom * width) + left) * channels), d = x + ((((long)bottom * width) + right) * channels);
                        float wa = (1 - down) * (1 - along), wb = (1 - down) * along, wc = down * (1 - along), wd = down * along;
                        for (int k = 0; k < y.Length; k++)
                            y[k] += (wa * a[k]) + (wb * b[k]) + (wc * c[k]) + (wd * d[k]);
                    }
                }

                for (int k = 0; k < y.Length; k++)
                    y[k] /= points;
            }
        }
    }

    private struct BackwardBody : IParallelBody
    {
        public float* Dy, Regions, Dx;
        public Shape Map;
        public RoiAlignRule Rule;
        public int Count, Parts;

        public readonly void Run(int part)
        {
            (int height, int width, int channels) = (Map[1], Map[2], Map[3]);
            (int from, int to) = Workers.Range(channels, Parts, part);
            for (long pixel = 0; pixel < Map.CountOf(0, 3); pixel++)
                new Span<float>(Dx + (pixel * channels) + from, to - from).Clear();
            for (int r = 0; r < Count; r++)
            {
                var region = new Region(Regions + (5 * r), Rule);
                float* dx = Dx + ((long)region.Image * height * width * channels);
                float scale = 1 / region.Points;
                for (int bin = 0; bin < Rule.Height * Rule.Width; bin++)
                {
                    float* dy = Dy + ((((long)r * Rule.Height * Rule.Width) + bin) * channels);
                    for (int i = 0; i < region.Rows; i++)
                    {
                        if (!Around(region.Row(bin / Rule.Width, i), height, out int top, out int bottom, out float down))
                            continue;
                        for (int j = 0; j < region.Columns; j++)
                        {
                            if (!Around(region.Column(bin % Rule.Width, j), width, out int left, out int right, out float along))
                                continue;
                            float* a = dx + ((((long)top * width) + left) * channels), b = dx + ((((long)top * width) + right) * channels);
                            float* c = dx + ((((long)bottom * width) + left) * channels), d = dx + ((((long)bottom * width) + right) * channels);
                            float wa = (1 - down) * (1 - along) * scale, wb = (1 - down) * along * scale, wc = down * (1 - along) * scale, wd = down * along * scale;
                            for (int k = from; k < to; k++)
                            {
                                a[k] += wa * dy[k];
                                b[k] += wb * dy[k];
                                c[k] += wc * dy[k];
                                d[k] += wd * dy[k];
                            }
                        }
                    }
                }
            }
        }
    }
}
