using System.Buffers;
using System.Runtime.CompilerServices;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class BatchNorm
{
    /// <summary>
    /// With x̂ = (x − mean)·rstd: dweight = Σ dy·x̂, dbias = Σ dy, and dx = weight·rstd·(dy − mean(dy) − x̂·mean(dy·x̂)) where the
    /// statistics are the batch's (<paramref name="training"/>), dx = weight·rstd·dy where they are constants.
    /// Any gradient may be null; <paramref name="dx"/> may be <paramref name="dy"/>.
    /// </summary>
    public static void Backward(
        float* x, float* mean, float* rstd, float* weight, float* dy, float* dx, float* dWeight, float* dBias, long rows, int channels, bool training)
    {
        int parts = PartsFor(rows, channels);
        float[] rented = ArrayPool<float>.Shared.Rent(checked(2 * (parts + 1) * channels));
        fixed (float* partials = rented)
        {
            // Sums of each part, then the totals.
            float* products = partials + (2L * parts * channels), sums = products + channels;
            if (training || dWeight != null || dBias != null)
            {
                Workers.Run(parts, new SumBody { X = x, Mean = mean, Rstd = rstd, Dy = dy, Partials = partials, Rows = rows, Channels = channels, Parts = parts });
                Reduction.Sum(partials, 1, parts, 2L * channels, products);
                if (dWeight != null)
                    new ReadOnlySpan<float>(products, channels).CopyTo(new Span<float>(dWeight, channels));
                if (dBias != null)
                    new ReadOnlySpan<float>(sums, channels).CopyTo(new Span<float>(dBias, channels));
            }

            if (dx != null)
            {
                Workers.Run(parts, new InputBody
                {
                    X = x,
                    Mean = mean,
                    Rstd = rstd,
                    Weight = weight,
                    Dy = dy,
                    Dx = dx,
                    Products = products,
                    Sums = sums,
                    Training = training,
                    Rows = rows,
                    Channels = channels,
                    Parts = parts,
                });
            }
        }

        ArrayPool<float>.Shared.Return(rented);
    }

    private struct SumBody : IParallelBody
    {
        public float* X, Mean, Rstd, Dy, Partials;
        public long Rows;
        public int Channels, Parts;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part) where T : unmanaged, IFloat32Vector<T>
        {
            float* products = Partials + (2L * part * Channels), sums = products + Channels;
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            // Of each channel the sums of a block, and those of all blocks with what their rounding lost.
            float* room = stackalloc float[6 * BlockChannels];
            float* blockSums = room, blockProducts = room + BlockChannels;
            float* sum = room + (2 * BlockChannels), sumLost = room + (3 * BlockChannels), product = room + (4 * BlockChannels), productLost = room + (5 * BlockChannels);
            for (int first = 0; first < Channels; first += BlockChannels)
            {
                int count = Math.Min(BlockChannels, Channels - first), lanes = Lanes.RoundUp(count, T.Count);
                new Span<float>(room + (2 * BlockChannels), 4 * BlockChannels).Clear();
                for (long block = from; block < to; block += BlockRows)
                {
                    new Span<float>(blockSums, lanes).Clear();
                    new Span<float>(blockProducts, lanes).Clear();
                    for (long i = block; i < Math.Min(to, block + BlockRows); i++)
                        AddRow<T>((i * Channels) + first, first, count, blockSums, blockProducts);
                    for (int c = 0; c < count; c += T.Count)
                    {
                        AddCompensated<T>(blockSums + c, sum + c, sumLost + c);
                        AddCompensated<T>(blockProducts + c, product + c, productLost + c);
                    }
                }

                for (int c = 0; c < count; c += T.Count)
                {
                    int width = Math.Min(T.Count, count - c);
                    T.StorePartial(T.Load(product + c) * T.LoadPartial(Rstd + first + c, width), products + first + c, width);
                    T.StorePartial(T.Load(sum + c), sums + first + c, width);
                }
            }
        }

        private readonly void AddRow<T>(long at, int first, int count, float* sums, float* products) where T : unmanaged, IFloat32Vector<T>
        {
            float* x = X + at, dy = Dy + at, mean = Mean + first;
            int c = 0;
            for (; c <= count - T.Count; c += T.Count)
                Add(T.Load(dy + c), T.Load(x + c) - T.Load(mean + c), sums + c, products + c);
            if (c < count)
                Add(T.LoadPartial(dy + c, count - c), T.LoadPartial(x + c, count - c) - T.LoadPartial(mean + c, count - c), sums + c, products + c);

            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            static void Add(T gradient, T difference, float* sums, float* products)
            {
                T.Store(T.Load(sums) + gradient, sums);
                T.Store(T.MultiplyAdd(gradient, difference, T.Load(products)), products);
            }
        }

        private static void AddCompensated<T>(float* values, float* sums, float* lost) where T : unmanaged, IFloat32Vector<T>
        {
            T sum = T.Load(sums), rest = T.Load(lost);
            Reduction.AddCompensated(ref sum, ref rest, T.Load(values));
            T.Store(sum, sums);
            T.Store(rest, lost);
        }
    }

    private struct InputBody : IParallelBody
    {
        public float* X, Mean, Rstd, Weight, Dy, Dx, Products, Sums;
        public bool Training;
        public long Rows;
        public int Channels, Parts;

        public readonly void Run(int part)
        {
            if (VectorWidth.Is512)
                Run<Float32x16>(part);
            else if (VectorWidth.Is256)
                Run<Float32x8>(part);
            else
                Run<Float32x4>(part);
        }

        private readonly void Run<T>(int part) where T : unmanaged, IFloat32Vector<T>
        {
            long from = Rows * part / Parts, to = Rows * (part + 1) / Parts;
            T inverse = T.Create(1f / Rows);
            // Of each channel what its rows share.
            float* room = stackalloc float[4 * BlockChannels];
            float* factors = room, means = room + BlockChannels, gradients = room + (2 * BlockChannels), slopes = room + (3 * BlockChannels);
            for (int first = 0; first < Channels; first += BlockChannels)
            {
                int count = Math.Min(BlockChannels, Channels - first);
                for (int c = 0; c < count; c += T.Count)
                {
                    int width = Math.Min(T.Count, count - c), at = first + c;
                    T rstd = T.LoadPartial(Rstd + at, width);
                    T.Store(Weight == null ? rstd : rstd * T.LoadPartial(Weight + at, width), factors + c);
                    if (!Training)
                        continue;
                    T.Store(T.LoadPartial(Mean + at, width), means + c);
                    T.Store(T.LoadPartial(Sums + at, width) * inverse, gradients + c);
                    T.Store(T.LoadPartial(Products + at, width) * inverse * rstd, slopes + c);
                }

                for (long i = from; i < to; i++)
                {
                    float* x = X + (i * Channels) + first, dy = Dy + (i * Channels) + first, dx = Dx + (i * Channels) + first;
                    int c = 0;
                    for (; c <= count - T.Count; c += T.Count)
                        T.Store(Of(T.Load(dy + c), Training ? T.Load(x + c) : T.Zero, room + c), dx + c);
                    if (c < count)
                        T.StorePartial(Of(T.LoadPartial(dy + c, count - c), Training ? T.LoadPartial(x + c, count - c) : T.Zero, room + c), dx + c, count - c);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly T Of<T>(T gradient, T x, float* room) where T : unmanaged, IFloat32Vector<T>
        {
            if (Training)
                gradient = gradient - T.Load(room + (2 * BlockChannels)) - ((x - T.Load(room + BlockChannels)) * T.Load(room + (3 * BlockChannels)));
            return gradient * T.Load(room);
        }
    }
}
