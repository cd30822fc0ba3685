using System.Buffers;
using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// The position of the largest channel of every pixel of resampled channels-last images. A row is weighed from the input's rows, then every
/// pixel from that row while its channels are compared, so that no more than a row of the input's width is kept.
/// </summary>
internal static unsafe class InterpolatedArgMax
{
    /// <summary>y(batch, rows.Outputs, columns.Outputs) for x(batch, rows.Inputs, columns.Inputs, channels). A NaN counts as largest.</summary>
    public static void Run(float* x, int batch, in AxisWeights rows, in AxisWeights columns, int channels, byte* y)
    {
        long lines = (long)batch * rows.Outputs;
        if (lines * columns.Outputs == 0)
            return;
        int parts = (int)Math.Min(lines, Workers.PartsFor(lines * columns.Outputs * channels, 2 * Elementwise.Grain));
        Workers.Run(parts, new Body { X = x, Y = y, Rows = rows, Columns = columns, Channels = channels, Lines = lines, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* X;
        public byte* Y;
        public AxisWeights Rows, Columns;
        public int Channels, Parts;
        public long Lines;

        public readonly void Run(int part)
        {
            float[] rented = ArrayPool<float>.Shared.Rent(Columns.Inputs * Channels);
            fixed (float* row = rented)
            {
                for (long line = Lines * part / Parts; line < Lines * (part + 1) / Parts; line++)
                {
                    (long image, long output) = Math.DivRem(line, Rows.Outputs);
                    float* x = X + (image * Rows.Inputs * Columns.Inputs * Channels);
                    byte* y = Y + (line * Columns.Outputs);
                    if (VectorWidth.Is512)
                        Line<Float32x16>(x, (int)output, row, y);
                    else if (VectorWidth.Is256)
                        Line<Float32x8>(x, (int)output, row, y);
                    else
                        Line<Float32x4>(x, (int)output, row, y);
                }
            }

            ArrayPool<float>.Shared.Return(rented);
        }

        private readonly void Line<T>(float* x, int output, float* row, byte* y) where T : unmanaged, IFloat32Vector<T>
        {
            int* lanes = stackalloc int[T.Count];
            for (int lane = 0; lane < T.Count; lane++)
                lanes[lane] = lane;
            bool isFinite = Weigh<T>(x, Rows.Indices(output), Rows.Weights(output), row);
            for (int column = 0; column < Columns.Outputs; column++)
            {
                ReadOnlySpan<int> columns = Columns.Indices(column);
                ReadOnlySpan<float> weights = Columns.Weights(column);
                y[column] = isFinite && columns.Length is 1 or 2
                    ? OfTwo<T>(row + ((long)columns[0] * Channels), row + ((long)columns[^1] * Channels), weights[0], columns.Length == 2 ? weights[1] : 0, (float*)lanes)
                    : OfSeveral(row, columns, weights);
            }
        }

        // The row of the input's width; whether all of it is finite.
        private readonly bool Weigh<T>(float* x, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, float* row) where T : unmanaged, IFloat32Vector<T>
        {
            long width = (long)Columns.Inputs * Channels, i = 0;
            for (; i <= width - T.Count; i += T.Count)
            {
                T sum = T.Zero;
                for (int k = 0; k < rows.Length; k++)
                    sum = T.MultiplyAdd(T.Load(x + (rows[k] * width) + i), T.Create(weights[k]), sum);
                T.Store(sum, row + i);
            }

            for (; i < width; i++)
            {
                row[i] = 0;
                for (int k = 0; k < rows.Length; k++)
                    row[i] += x[(rows[k] * width) + i] * weights[k];
            }

            return Reduction.AllFinite(row, width);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private readonly byte OfTwo<T>(float* first, float* second, float firstWeight, float secondWeight, float* lanes) where T : unmanaged, IFloat32Vector<T>
        {
            T a = T.Create(firstWeight), b = T.Create(secondWeight), best = T.Create(float.NegativeInfinity), position = T.Zero;
            int c = 0;
            for (; c <= Channels - T.Count; c += T.Count)
            {
                T value = T.MultiplyAdd(T.Load(second + c), b, T.Load(first + c) * a);
                position = T.Select(T.GreaterThan(value, best), T.CreateBits(c), position);
                best = T.Max(value, best);
            }

            if (c < Channels)
            {
                int count = Channels - c;
                T value = T.MultiplyAdd(T.LoadPartial(second + c, count), b, T.LoadPartial(first + c, count) * a);
                value = T.Select(T.FirstLanes(count), value, T.Create(float.NegativeInfinity));
                position = T.Select(T.GreaterThan(value, best), T.CreateBits(c), position);
                best = T.Max(value, best);
            }

            // Of the lanes with the largest value the first channel.
            T channels = T.Select(T.Equal(best, T.Create(T.MaxLane(best))), T.AddBits(position, T.Load(lanes)), T.CreateBits(int.MaxValue));
            int* candidates = stackalloc int[T.Count];
            T.Store(channels, (float*)candidates);
            int chosen = candidates[0];
            for (int lane = 1; lane < T.Count; lane++)
                chosen = Math.Min(chosen, candidates[lane]);
            return (byte)chosen;
        }

        private readonly byte OfSeveral(float* row, ReadOnlySpan<int> columns, ReadOnlySpan<float> weights)
        {
            (float largest, int chosen) = (float.NegativeInfinity, 0);
            for (int c = 0; c < Channels && !float.IsNaN(largest); c++)
            {
                float value = 0;
                for (int k = 0; k < columns.Length; k++)
                    value += row[((long)columns[k] * Channels) + c] * weights[k];
                if (!(value <= largest))
                    (largest, chosen) = (value, c);
            }

            return (byte)chosen;
        }
    }
}
