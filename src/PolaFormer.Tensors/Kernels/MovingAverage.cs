namespace PolaFormer.Tensors.Kernels;

/// <summary>target = keep·target + take·source, each product rounded.</summary>
internal static unsafe class MovingAverage
{
    /// <summary>For rows (target, source).</summary>
    public static void Run(ReadOnlySpan<ArrayRow> rows, float keep, float take) => ArrayRows.Run(rows, new Update { Keep = keep, Take = take });

    /// <summary>For whole numbers, such as counters of steps: as torch, the sum in float32, cut.</summary>
    public static void Run(long* target, long* source, float keep, float take, long count)
    {
        for (long i = 0; i < count; i++)
            target[i] = (long)((target[i] * keep) + (source[i] * take));
    }

    private struct Update : IRowUpdate
    {
        public float Keep, Take;

        public readonly void Run<T>(in ArrayRow row, long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            T keep = T.Create(Keep), take = T.Create(Take);
            long i = from;
            for (; i <= to - T.Count; i += T.Count)
                T.Store((T.Load(row.Target + i) * keep) + (T.Load(row.Source + i) * take), row.Target + i);
            if (i < to)
            {
                int rest = (int)(to - i);
                T.StorePartial((T.LoadPartial(row.Target + i, rest) * keep) + (T.LoadPartial(row.Source + i, rest) * take), row.Target + i, rest);
            }
        }
    }
}
