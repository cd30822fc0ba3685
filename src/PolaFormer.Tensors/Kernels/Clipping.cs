namespace PolaFormer.Tensors.Kernels;

/// <summary>Limits on the elements of many arrays.</summary>
internal static unsafe class Clipping
{
    /// <summary>x = factor·x.</summary>
    public static void Scale(ReadOnlySpan<ArrayRow> rows, float factor) => ArrayRows.Run(rows, new ScaleUpdate { Factor = factor });

    /// <summary>x = min(max(x, −limit), limit).</summary>
    public static void Clamp(ReadOnlySpan<ArrayRow> rows, float limit) => ArrayRows.Run(rows, new ClampUpdate { Limit = limit });

    private struct ScaleUpdate : IRowUpdate
    {
        public float Factor;

        public readonly void Run<T>(in ArrayRow row, long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            T factor = T.Create(Factor);
            for (long i = from; i < to; i += T.Count)
            {
                int width = (int)Math.Min(T.Count, to - i);
                T.StorePartial(T.LoadPartial(row.Target + i, width) * factor, row.Target + i, width);
            }
        }
    }

    private struct ClampUpdate : IRowUpdate
    {
        public float Limit;

        public readonly void Run<T>(in ArrayRow row, long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            T low = T.Create(-Limit), high = T.Create(Limit);
            for (long i = from; i < to; i += T.Count)
            {
                int width = (int)Math.Min(T.Count, to - i);

                // The value is the second operand, so that NaN stays.
                T.StorePartial(T.Min(high, T.Max(low, T.LoadPartial(row.Target + i, width))), row.Target + i, width);
            }
        }
    }
}
