using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Means over bins of regions of channels-last maps, bilinear between pixels. A pixel's share of a bin is its row's share times its
/// column's, so that each pixel under a bin is read once, however many sample points are next to it.
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

    /// <summary>
    /// The pixels of one axis under each bin, in order, with their shares: entries <c>Starts[bin]</c> to <c>Starts[bin + 1]</c>.
    /// </summary>
    private ref struct Shares
    {
        public int* Starts, Pixels;
        public float* Weights;

        /// <summary>Most 32-bit words that the shares of so many bins, with so many sample points each, take.</summary>
        public static long Words(int bins, int points, int extent) => 1 + bins + (2L * bins * MostPixels(points, extent));

        private static long MostPixels(int points, int extent) => Math.Min(2L * Math.Max(points, 0), extent);

        public Shares(float* room, int bins, int points, int extent)
        {
            Starts = (int*)room;
            Pixels = Starts + bins + 1;
            Weights = (float*)(Pixels + (bins * MostPixels(points, extent)));
            Starts[0] = 0;
        }

        // Neighbouring sample points share pixels: of a bin's own, from the last.
        public readonly void Add(ref int count, int first, int pixel, float weight)
        {
            for (int i = count - 1; i >= first; i--)
            {
                if (Pixels[i] == pixel)
                {
                    Weights[i] += weight;
                    return;
                }
            }

            (Pixels[count], Weights[count]) = (pixel, weight);
            count++;
        }
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
            long words = Shares.Words(Rule.Height, region.Rows, height);
            float* room = ThreadScratch.Floats(ScratchPurpose.Regions, words + Shares.Words(Rule.Width, region.Columns, width));
            var rows = new Shares(room, Rule.Height, region.Rows, height);
            var columns = new Shares(room + words, Rule.Width, region.Columns, width);
            Fill(rows, region, isRow: true, Rule.Height, region.Rows, height, 1 / region.Points);
            Fill(columns, region, isRow: false, Rule.Width, region.Columns, width, 1);
            float* x = X + ((long)region.Image * height * width * channels);
            float* y = Y + ((long)part * Rule.Height * Rule.Width * channels);
            for (int i = 0; i < Rule.Height; i++)
            {
                for (int j = 0; j < Rule.Width; j++, y += channels)
                {
                    if (VectorWidth.Is512)
                        Bin<Float32x16>(x, rows, i, columns, j, y);
                    else if (VectorWidth.Is256)
                        Bin<Float32x8>(x, rows, i, columns, j, y);
                    else
                        Bin<Float32x4>(x, rows, i, columns, j, y);
                }
            }
        }

        private static void Fill(in Shares shares, in Region region, bool isRow, int bins, int points, int extent, float factor)
        {
            int count = 0;
            for (int bin = 0; bin < bins; bin++)
            {
                int first = count;
                for (int point = 0; point < points; point++)
                {
                    if (!Around(isRow ? region.Row(bin, point) : region.Column(bin, point), extent, out int low, out int high, out float share))
                        continue;
                    shares.Add(ref count, first, low, (1 - share) * factor);
                    shares.Add(ref count, first, high, share * factor);
                }

                shares.Starts[bin + 1] = count;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly void Bin<T>(float* x, in Shares rows, int row, in Shares columns, int column, float* y) where T : unmanaged, IFloat32Vector<T>
        {
            (int fromRow, int toRow, int fromColumn, int toColumn) = (rows.Starts[row], rows.Starts[row + 1], columns.Starts[column], columns.Starts[column + 1]);
            (nint line, nint channels, int c) = ((nint)Map[2] * Map[3], Map[3], 0);
            for (; c <= channels - (4 * T.Count); c += 4 * T.Count)
            {
                T s0 = T.Zero, s1 = T.Zero, s2 = T.Zero, s3 = T.Zero;
                for (int i = fromRow; i < toRow; i++)
                {
                    float* start = x + (rows.Pixels[i] * line) + c;
                    for (int j = fromColumn; j < toColumn; j++)
                    {
                        T weight = T.Create(rows.Weights[i] * columns.Weights[j]);
                        float* pixel = start + (columns.Pixels[j] * channels);
                        s0 = T.MultiplyAdd(T.Load(pixel), weight, s0);
                        s1 = T.MultiplyAdd(T.Load(pixel + T.Count), weight, s1);
                        s2 = T.MultiplyAdd(T.Load(pixel + (2 * T.Count)), weight, s2);
                        s3 = T.MultiplyAdd(T.Load(pixel + (3 * T.Count)), weight, s3);
                    }
                }

                T.Store(s0, y + c);
                T.Store(s1, y + c + T.Count);
                T.Store(s2, y + c + (2 * T.Count));
                T.Store(s3, y + c + (3 * T.Count));
            }

            for (; c < channels; c += T.Count)
            {
                int count = (int)Math.Min(T.Count, channels - c);
                T sum = T.Zero;
                for (int i = fromRow; i < toRow; i++)
                {
                    float* start = x + (rows.Pixels[i] * line) + c;
                    for (int j = fromColumn; j < toColumn; j++)
                        sum = T.MultiplyAdd(T.LoadPartial(start + (columns.Pixels[j] * channels), count), T.Create(rows.Weights[i] * columns.Weights[j]), sum);
                }

                T.StorePartial(sum, y + c, count);
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
