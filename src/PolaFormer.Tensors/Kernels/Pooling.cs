using System.Buffers;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Pooling of channels-last images (batch, height, width, channels); tokens are images of height 1.</summary>
internal static unsafe class Pooling
{
    /// <summary>y(batch, outHeight, outWidth, channels): means over windows that together cover the image.</summary>
    public static void AdaptiveAverage(float* x, int batch, int height, int width, int channels, float* y, int outHeight, int outWidth)
    {
        using AxisWeights rows = AxisWeights.AdaptiveAverage(height, outHeight), columns = AxisWeights.AdaptiveAverage(width, outWidth);
        Resample.Run(x, batch, rows, columns, channels, y);
    }

    /// <summary>dx(batch, height, width, channels) from dy(batch, outHeight, outWidth, channels).</summary>
    public static void AdaptiveAverageBackward(float* dy, int batch, int outHeight, int outWidth, int channels, float* dx, int height, int width)
    {
        using AxisWeights rows = AxisWeights.AdaptiveAverage(height, outHeight), columns = AxisWeights.AdaptiveAverage(width, outWidth);
        using AxisWeights rowsBack = rows.Transpose(), columnsBack = columns.Transpose();
        Resample.Run(dy, batch, rowsBack, columnsBack, channels, dx);
    }

    /// <summary>Averages over kernel × kernel windows, padding counted as zeros; the output has <see cref="PoolWindow.OutExtent"/> rows and columns.</summary>
    public static void Average(float* x, int batch, int height, int width, int channels, PoolWindow window, float* y)
    {
        using AxisWeights rows = AxisWeights.Average(height, window);
        using AxisWeights columns = AxisWeights.Average(width, window);
        Resample.Run(x, batch, rows, columns, channels, y);
    }

    /// <summary>dx(batch, height, width, channels) of <see cref="Average"/>.</summary>
    public static void AverageBackward(float* dy, int batch, int height, int width, int channels, PoolWindow window, float* dx)
    {
        using AxisWeights rows = AxisWeights.Average(height, window);
        using AxisWeights columns = AxisWeights.Average(width, window);
        using AxisWeights rowsBack = rows.Transpose(), columnsBack = columns.Transpose();
        Resample.Run(dy, batch, rowsBack, columnsBack, channels, dx);
    }

    /// <summary>
    /// Largest values of kernel × kernel windows; padding is −∞, a NaN wins. Padding may be half the kernel at most, so that no
    /// window is empty.
    /// </summary>
    public static void Max(float* x, int batch, int height, int width, int channels, PoolWindow window, float* y) =>
        Max(x, batch, height, width, channels, window, y, null);

    /// <summary>dx of <see cref="Max(float*, int, int, int, int, PoolWindow, float*)"/>: each input gathers dy of the windows whose first maximum it is.</summary>
    public static void MaxBackward(float* x, float* dy, int batch, int height, int width, int channels, PoolWindow window, float* dx)
    {
        int outHeight = window.OutExtent(height), outWidth = window.OutExtent(width);
        int[] rented = ArrayPool<int>.Shared.Rent(checked(batch * outHeight * outWidth * channels));
        fixed (int* positions = rented)
        {
            Max(x, batch, height, width, channels, window, null, positions);
            long rows = (long)batch * height;
            int parts = (int)Math.Min(Math.Max(1, rows), Workers.PartsFor(rows * width * channels * 4, 2 * Elementwise.Grain));
            Workers.Run(parts, new MaxBackwardBody
            {
                Dy = dy,
                Dx = dx,
                Positions = positions,
                Batch = batch,
                Height = height,
                Width = width,
                Channels = channels,
                OutHeight = outHeight,
                OutWidth = outWidth,
                Window = window,
                Parts = parts,
            });
        }

        ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>The maxima and their positions row·width + column in the image, the first of equals; either may be null.</summary>
    private static void Max(float* x, int batch, int height, int width, int channels, PoolWindow window, float* y, int* positions)
    {
        int outHeight = window.OutExtent(height), outWidth = window.OutExtent(width);
        long rows = (long)batch * outHeight, work = rows * outWidth * channels * window.Kernel * window.Kernel;
        int parts = (int)Math.Min(Math.Max(1, rows), Workers.PartsFor(work, 2 * Elementwise.Grain));
        Workers.Run(parts, new MaxBody
        {
            X = x,
            Y = y,
            Positions = positions,
            Batch = batch,
            Height = height,
            Width = width,
            Channels = channels,
            OutHeight = outHeight,
            OutWidth = outWidth,
            Window = window,
            Parts = parts,
        });
    }

    private struct MaxBody : IParallelBody
    {
        public float* X, Y;
        public int* Positions;
        public int Batch, Height, Width, Channels, OutHeight, OutWidth, Parts;
        public PoolWindow Window;

        public readonly void Run(int part)
        {
            long rows = (long)Batch * OutHeight;
            for (long row = rows * part / Parts; row < rows * (part + 1) / Parts; row++)
            {
                (long image, long i) = Math.DivRem(row, OutHeight);
                for (int j = 0; j < OutWidth; j++)
                {
                    if (VectorWidth.Is512)
                        Pixel<Float32x16>(image, (int)i, j, ((row * OutWidth) + j) * Channels);
                    else if (VectorWidth.Is256)
                        Pixel<Float32x8>(image, (int)i, j, ((row * OutWidth) + j) * Channels);
                    else
                        Pixel<Float32x4>(image, (int)i, j, ((row * OutWidth) + j) * Channels);
                }
            }
        }

        private readonly void Pixel<T>(long image, int i, int j, long output) where T : unmanaged, IFloat32Vector<T>
        {
            int top = (i * Window.Stride) - Window.Padding, left = (j * Window.Stride) - Window.Padding;
            int rowFrom = Math.Max(0, top), rowTo = Math.Min(Height, top + Window.Kernel);
            int columnFrom = Math.Max(0, left), columnTo = Math.Min(Width, left + Window.Kernel);
            for (int c = 0; c < Channels; c += T.Count)
            {
                int width = Math.Min(T.Count, Channels - c);
                T best = T.Create(float.NegativeInfinity), position = T.CreateBits((rowFrom * Width) + columnFrom);
                for (int row = rowFrom; row < rowTo; row++)
                {
                    for (int column = columnFrom; column < columnTo; column++)
                    {
                        T value = T.LoadPartial(X + (((((image * Height) + row) * Width) + column) * Channels) + c, width);
                        T better = T.GreaterThan(value, best) | ((T.Equal(value, value) ^ T.CreateBits(-1)) & T.Equal(best, best));
                        best = T.Select(better, value, best);
                        position = T.Select(better, T.CreateBits((row * Width) + column), position);
                    }
                }

                if (Y != null)
                    T.StorePartial(best, Y + output + c, width);
                if (Positions != null)
                    T.StorePartial(position, (float*)(Positions + output + c), width);
            }
        }
    }

    private struct MaxBackwardBody : IParallelBody
    {
        public float* Dy, Dx;
        public int* Positions;
        public int Batch, Height, Width, Channels, OutHeight, OutWidth, Parts;
        public PoolWindow Window;

        public readonly void Run(int part)
        {
            long rows = (long)Batch * Height;
            for (long row = rows * part / Parts; row < rows * (part + 1) / Parts; row++)
            {
                (long image, long i) = Math.DivRem(row, Height);
                (int rowFrom, int rowTo) = Windows((int)i, OutHeight);
                for (int j = 0; j < Width; j++)
                {
                    (int columnFrom, int columnTo) = Windows(j, OutWidth);
                    float* dx = Dx + (((row * Width) + j) * Channels);
                    int position = ((int)i * Width) + j;
                    for (int c = 0; c < Channels; c++)
                    {
                        float sum = 0;
                        for (int y = rowFrom; y < rowTo; y++)
                        {
                            for (int x = columnFrom; x < columnTo; x++)
                            {
                                long output = (((((image * OutHeight) + y) * OutWidth) + x) * Channels) + c;
                                if (Positions[output] == position)
                                    sum += Dy[output];
                            }
                        }

                        dx[c] = sum;
                    }
                }
            }
        }

        /// <summary>The windows along an axis that hold an input.</summary>
        private readonly (int From, int To) Windows(int input, int outputs)
        {
            int first = input + Window.Padding - Window.Kernel + 1;
            int from = first <= 0 ? 0 : (first + Window.Stride - 1) / Window.Stride;
            return (from, Math.Min(outputs, ((input + Window.Padding) / Window.Stride) + 1));
        }
    }
}
