using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Chooses between two contiguous arrays element by element.</summary>
internal static unsafe class Where
{
    /// <summary>y = a where the condition is not 0, b where it is; an operand that is null is 0.</summary>
    public static void Run(float* condition, float* a, float* b, float* y, long count)
    {
        int parts = Workers.PartsFor(count, Elementwise.Grain);
        Workers.Run(parts, new Body { Condition = condition, A = a, B = b, Y = y, Count = count, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public float* Condition, A, B, Y;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long from = Count * part / Parts, to = Count * (part + 1) / Parts;
            if (VectorWidth.Is512)
                Run<Float32x16>(from, to);
            else if (VectorWidth.Is256)
                Run<Float32x8>(from, to);
            else
                Run<Float32x4>(from, to);
        }

        private readonly void Run<T>(long from, long to) where T : unmanaged, IFloat32Vector<T>
        {
            long i = from;
            for (; i <= to - T.Count; i += T.Count)
            {
                T isZero = T.Equal(T.Load(Condition + i), T.Zero);
                T.Store(T.Select(isZero, B == null ? T.Zero : T.Load(B + i), A == null ? T.Zero : T.Load(A + i)), Y + i);
            }

            if (i < to)
            {
                int rest = (int)(to - i);
                T isZero = T.Equal(T.LoadPartial(Condition + i, rest), T.Zero);
                T.StorePartial(T.Select(isZero, B == null ? T.Zero : T.LoadPartial(B + i, rest), A == null ? T.Zero : T.LoadPartial(A + i, rest)), Y + i, rest);
            }
        }
    }
}
