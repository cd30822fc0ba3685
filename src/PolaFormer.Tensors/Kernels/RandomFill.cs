using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>Arrays of random numbers, each a function of its position.</summary>
internal static unsafe class RandomFill
{
    // A whole number of the generator's blocks and of the buffers that it fills.
    private const int ChunkLength = 4096;

    /// <summary>y[i] = scale·r(i) + offset of uniform or normal numbers r.</summary>
    public static void Run(Philox random, bool isNormal, float scale, float offset, float* y, long count)
    {
        long chunks = (count + ChunkLength - 1) / ChunkLength;
        int parts = (int)Math.Clamp(chunks, 1, Workers.PartsFor(count, Elementwise.Grain / 4));
        Workers.Run(parts, new Body { Random = random, IsNormal = isNormal, Scale = scale, Offset = offset, Y = y, Count = count, Parts = parts });
    }

    private struct Body : IParallelBody
    {
        public Philox Random;
        public bool IsNormal;
        public float Scale, Offset;
        public float* Y;
        public long Count;
        public int Parts;

        public readonly void Run(int part)
        {
            long chunks = (Count + ChunkLength - 1) / ChunkLength;
            for (long chunk = chunks * part / Parts; chunk < chunks * (part + 1) / Parts; chunk++)
            {
                long start = chunk * ChunkLength;
                var values = new Span<float>(Y + start, (int)Math.Min(ChunkLength, Count - start));
                if (IsNormal)
                    Random.FillNormal(values, (ulong)start);
                else
                    Random.FillUniform(values, (ulong)start);
                if (Offset != 0)
                    MoveAndScale(values);
                else if (Scale != 1)
                    Multiply(values);
            }
        }

        private readonly void MoveAndScale(Span<float> values)
        {
            foreach (ref float value in values)
                value = MathF.FusedMultiplyAdd(value, Scale, Offset);
        }

        // The sum with 0 would turn −0 into +0.
        private readonly void Multiply(Span<float> values)
        {
            foreach (ref float value in values)
                value *= Scale;
        }
    }
}
