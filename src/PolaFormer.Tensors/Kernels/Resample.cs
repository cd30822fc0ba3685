using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Applies one matrix to the rows and one to the columns of channels-last images: the core of interpolation and average pooling.</summary>
internal static unsafe class Resample
{
    private const int BlockColumns = 32;

    /// <summary>
    /// y(b, i, j, c) = Σ rows(i, k)·columns(j, l)·x(b, k, l, c) (+ addend) for x(batch, rows.Inputs, columns.Inputs, channels);
    /// <paramref name="addend"/> is null or laid out as y.
    /// </summary>
    public static void Run(float* x, int batch, in AxisWeights rows, in AxisWeights columns, int channels, float* y, float* addend = null)
    {
        int blocks = (columns.Outputs + BlockColumns - 1) / BlockColumns;
        long items = (long)batch * rows.Outputs * blocks;
        if (items == 0 || channels == 0)
            return;
        int taps = rows.Indices(0).Length * columns.Indices(0).Length;
        int parts = (int)Math.Min(items, Workers.PartsFor((long)batch * rows.Outputs * columns.Outputs * channels * Math.Max(1, taps), 2 * Elementwise.Grain));
        Workers.Run(parts, new Body { X = x, Y = y, Addend = addend, Rows = rows, Columns = columns, Channels = channels, Blocks = blocks, Items = items, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* X, Y, Addend;
        public AxisWeights Rows, Columns;
        public int Channels, Blocks, Parts;
        public long Items;

        public readonly void Run(int part)
        {
            for (long item = Items * part / Parts; item < Items * (part + 1) / Parts; item++)
            {
                (long rest, long block) = Math.DivRem(item, Blocks);
                (long image, long row) = Math.DivRem(rest, Rows.Outputs);
                int from = (int)block * BlockColumns, to = Math.Min(Columns.Outputs, from + BlockColumns);
                for (int column = from; column < to; column++)
                {
                    float* y = Y + (((((image * Rows.Outputs) + row) * Columns.Outputs) + column) * Channels);
                    float* x = X + (image * Rows.Inputs * Columns.Inputs * Channels);
                    if (VectorWidth.Is512)
                        Pixel<Float32x16>(x, (int)row, column, y);
                    else if (VectorWidth.Is256)
                        Pixel<Float32x8>(x, (int)row, column, y);
                    else
                        Pixel<Float32x4>(x, (int)row, column, y);
                }
            }
        }

        private readonly void Pixel<T>(float* x, int row, int column, float* y) where T : unmanaged, IFloat32Vector<T>
        {
            ReadOnlySpan<int> rows = Rows.Indices(row), columns = Columns.Indices(column);
            ReadOnlySpan<float> rowWeights = Rows.Weights(row), columnWeights = Columns.Weights(column);
            float* addend = Addend == null ? null : Addend + (y - Y);
            int c = 0;
            for (; c <= Channels - (2 * T.Count); c += 2 * T.Count)
            {
                T s0 = addend == null ? T.Zero : T.Load(addend + c), s1 = addend == null ? T.Zero : T.Load(addend + c + T.Count);
                for (int i = 0; i < rows.Length; i++)
                {
                    float* line = x + ((long)rows[i] * Columns.Inputs * Channels) + c;
                    for (int j = 0; j < columns.Length; j++)
                    {
                        T weight = T.Create(rowWeights[i] * columnWeights[j]);
                        float* pixel = line + ((long)columns[j] * Channels);
                        s0 = T.MultiplyAdd(T.Load(pixel), weight, s0);
                        s1 = T.MultiplyAdd(T.Load(pixel + T.Count), weight, s1);
                    }
                }

                T.Store(s0, y + c);
                T.Store(s1, y + c + T.Count);
            }

            for (; c < Channels; c += T.Count)
            {
                int width = Math.Min(T.Count, Channels - c);
                T sum = addend == null ? T.Zero : T.LoadPartial(addend + c, width);
                for (int i = 0; i < rows.Length; i++)
                {
                    float* line = x + ((long)rows[i] * Columns.Inputs * Channels) + c;
                    for (int j = 0; j < columns.Length; j++)
                        sum = T.MultiplyAdd(T.LoadPartial(line + ((long)columns[j] * Channels), width), T.Create(rowWeights[i] * columnWeights[j]), sum);
                }

                T.StorePartial(sum, y + c, width);
            }
        }
    }
}
