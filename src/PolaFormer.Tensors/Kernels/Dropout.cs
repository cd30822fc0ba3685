using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>y = x·f with f drawn element by element: 0 with a probability, else its complement's reciprocal.</summary>
internal static unsafe class Dropout
{
    private const int Drawn = 512;

    /// <summary>y = x·f; element i takes the uniform number <paramref name="start"/> + i. y may be x.</summary>
    public static void Run(float* x, float probability, Philox generator, float* y, long count, long start = 0) =>
        Run(new Body { X = x, Y = y, Count = count, First = start, Generator = generator, Probability = probability });

    /// <summary>The same factors for two arrays in place.</summary>
    public static void RunBoth(float* first, float* second, float probability, Philox generator, long count, long start) =>
        Run(new Body { X = first, Y = first, Other = second, Count = count, First = start, Generator = generator, Probability = probability });

    private static void Run(Body body)
    {
        body.Parts = Workers.PartsFor(body.Count, Elementwise.Grain);
        Workers.Run(body.Parts, body);
    }

    private struct Body : IParallelBody
    {
        // Other: null, or what is multiplied in place besides.
        public float* X, Y, Other;
        public long Count, First;
        public int Parts;
        public Philox Generator;
        public float Probability;

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
            float* drawn = stackalloc float[Drawn];
            long end = Count * (part + 1) / Parts;
            for (long start = Count * part / Parts; start < end; start += Drawn)
            {
                int length = (int)Math.Min(Drawn, end - start);
                Generator.FillUniform(new Span<float>(drawn, length), (ulong)(First + start));
                Multiply<T>(X + start, drawn, Y + start, length);
                if (Other != null)
                    Multiply<T>(Other + start, drawn, Other + start, length);
            }
        }

        private readonly void Multiply<T>(float* x, float* drawn, float* y, int length) where T : unmanaged, IFloat32Vector<T>
        {
            T probability = T.Create(Probability), kept = T.Create(1 / (1 - Probability));
            int i = 0;
            for (; i <= length - T.Count; i += T.Count)
                T.Store(T.Load(x + i) * T.Select(T.LessThan(T.Load(drawn + i), probability), T.Zero, kept), y + i);
            if (i < length)
                T.StorePartial(T.LoadPartial(x + i, length - i) * T.Select(T.LessThan(T.Load(drawn + i), probability), T.Zero, kept), y + i, length - i);
        }
    }
}
