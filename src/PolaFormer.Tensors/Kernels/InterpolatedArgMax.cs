using System.Buffers;
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
            Weigh<T>(x, Rows.Indices(output), Rows.Weights(output), row);
            for (int column = 0; column < Columns.Outputs; column++)
                y[column] = Largest<T>(row, Columns.Indices(column), Columns.Weights(column));
        }

        private readonly void Weigh<T>(float* x, ReadOnlySpan<int> rows, ReadOnlySpan<float> weights, float* row) where T : unmanaged, IFloat32Vector<T>
        {
            long width = (long)Columns.Inputs * Channels;
            for (long i = 0; i < width; i += T.Count)
            {
                int lanes = (int)Math.Min(T.Count, width - i);
                T sum = T.Zero;
                for (int k = 0; k < rows.Length; k++)
                    sum = T.MultiplyAdd(T.LoadPartial(x + (rows[k] * width) + i, lanes), T.Create(weights[k]), sum);
                T.StorePartial(sum, row + i, lanes);
            }
        }

        private readonly byte Largest<T>(float* row, ReadOnlySpan<int> columns, ReadOnlySpan<float> weights) where T : unmanaged, IFloat32Vector<T>
        {
            // Two inputs a pixel as a rule.
            float* first = row + ((long)columns[0] * Channels), second = row + ((long)columns[^1] * Channels);
            T firstWeight = T.Create(weights[0]), secondWeight = T.Create(columns.Length > 1 ? weights[^1] : 0);
            T best = T.Create(float.NegativeInfinity), position = T.Zero;
            int c = 0;
            for (; c <= Channels - T.Count; c += T.Count)
            {
                T value = T.Load(first + c) * firstWeight;
                if (columns.Length == 2)
                    value = T.MultiplyAdd(T.Load(second + c), secondWeight, value);
                else
                    value = Others(row + c, columns, weights, value, T.Count);
                Compare(value, T.CreateBits(c), ref best, ref position);
            }

            if (c < Channels)
            {
                int lanes = Channels - c;
                T value = Others(row + c, columns, weights, T.LoadPartial(first + c, lanes) * firstWeight, lanes);
                Compare(T.Select(T.FirstLanes(lanes), value, T.Create(float.NegativeInfinity)), T.CreateBits(c), ref best, ref position);
            }

            return Across(best, position);
        }

        // The inputs behind the first.
        private readonly T Others<T>(float* channel, ReadOnlySpan<int> columns, ReadOnlySpan<float> weights, T value, int lanes) where T : unmanaged, IFloat32Vector<T>
        {
            for (int k = 1; k < columns.Length; k++)
                value = T.MultiplyAdd(T.LoadPartial(channel + ((long)columns[k] * Channels), lanes), T.Create(weights[k]), value);
            return value;
        }

        // Larger, or a NaN where none was before.
        private static void Compare<T>(T value, T channel, ref T best, ref T position) where T : unmanaged, IFloat32Vector<T>
        {
            T better = T.GreaterThan(value, best) | ((T.Equal(value, value) ^ T.CreateBits(-1)) & T.Equal(best, best));
            best = T.Select(better, value, best);
            position = T.Select(better, channel, position);
        }

        // Of the lanes, whose channels are position + lane, the largest; the first of equal ones.
        private static byte Across<T>(T best, T position) where T : unmanaged, IFloat32Vector<T>
        {
            float* values = stackalloc float[T.Count];
            int* channels = stackalloc int[T.Count];
            T.Store(best, values);
            T.Store(position, (float*)channels);
            (float largest, int chosen) = (values[0], channels[0]);
            for (int lane = 1; lane < T.Count; lane++)
            {
                int channel = channels[lane] + lane;
                bool isBetter = float.IsNaN(largest) ? float.IsNaN(values[lane]) && channel < chosen : !(values[lane] <= largest) || (values[lane] == largest && channel < chosen);
                if (isBetter)
                    (largest, chosen) = (values[lane], channel);
            }

            return (byte)chosen;
        }
    }
}
