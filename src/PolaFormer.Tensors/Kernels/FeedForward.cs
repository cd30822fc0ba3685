using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

/// <summary>
/// Two matrix products of which the second takes what the first gives, some rows at a time, so that the rows between them
/// stay in the second cache.
/// </summary>
internal static unsafe partial class FeedForward
{
    /// <summary>Floats between the products that a task holds (256 KiB), and of both weights together (1 MiB), which every task reads.</summary>
    private const int HiddenFloats = 1 << 16, WeightFloats = 1 << 18;

    /// <summary>Whether the weights are small, and the rows many enough for all threads, that this beats one product after the other.</summary>
    public static bool Pays(int rows, int inputs, int hidden, int outputs) =>
        (long)hidden * (inputs + outputs) <= WeightFloats && rows >= 8 * BlockRows(hidden);

    /// <summary>Runs the products; <paramref name="first"/> has no C, <paramref name="second"/> no A, and both have packed B.</summary>
    public static void Run(in MatrixProduct first, in MatrixProduct second)
    {
        int blocks = (first.M + BlockRows(first.N) - 1) / BlockRows(first.N);
        int parts = Math.Min(blocks, Workers.PartsFor(2L * first.M * first.N * (first.K + second.N), 4_000_000));
        Workers.Run(parts, new Body { First = first, Second = second, Parts = parts });
    }

    private static int BlockRows(int hidden) => Math.Clamp(HiddenFloats / hidden / 14 * 14, 14, 1024);

    private struct Body : IParallelBody
    {
        public MatrixProduct First, Second;
        public int Parts;

        public readonly void Run(int part)
        {
            int block = BlockRows(First.N);
            nint width = First.N + 16;   // so that rows of 4 KiB do not evict one another
            float* hidden = ThreadScratch.Floats(ScratchPurpose.FeedForward, block * (long)width);
            (int from, int to) = Workers.Range(First.M, Parts, part);
            for (int row = from; row < to; row += block)
            {
                int rows = Math.Min(block, to - row);
                Gemm.RunSerial(First with { M = rows, A = First.A + (row * First.ARow), C = hidden, CRow = width });
                Gemm.RunSerial(Second with
                {
                    M = rows,
                    A = hidden,
                    ARow = width,
                    C = Second.C + (row * Second.CRow),
                    Addend = Second.Addend == null ? null : Second.Addend + (row * Second.CRow),
                });
            }
        }
    }
}
