using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Tensors.Kernels;

internal static unsafe partial class FeedForward
{
    /// <summary>Floats between the products that are worked on at a time: 4 MiB, a share of the third cache.</summary>
    private const int SharedHiddenFloats = 1 << 20;

    /// <summary>
    /// Runs the products of which <paramref name="first"/> keeps its C as it is before the activation; <paramref name="second"/>
    /// has no A. Activated values are dropped where there is a probability for it.
    /// </summary>
    public static void RunKeeping(in MatrixProduct first, Activation activation, (float Probability, Philox Generator)? dropout, in MatrixProduct second)
    {
        (int rows, int hidden) = (first.M, first.N);
        int blocks = SharedBlocks(rows, hidden);
        float* activated = ThreadScratch.Floats(ScratchPurpose.FeedForward, ((long)rows + blocks - 1) / blocks * hidden);
        for (int block = 0; block < blocks; block++)
        {
            (int from, int to) = Workers.Range(rows, blocks, block);
            float* kept = first.C + (from * first.CRow);
            Gemm.Run(first with { M = to - from, A = first.A + (from * first.ARow), C = kept });
            Elementwise.Unary(Elementwise.FunctionOf(activation), kept, activated, (long)(to - from) * hidden);
            if (dropout is var (probability, generator))
                Dropout.Run(activated, probability, generator, activated, (long)(to - from) * hidden, (long)from * hidden);
            Gemm.Run(second with
            {
                M = to - from,
                A = activated,
                ARow = hidden,
                C = second.C + (from * second.CRow),
                Addend = second.Addend == null ? null : second.Addend + (from * second.CRow),
            });
        }
    }

    /// <summary>
    /// The gradients, all overwritten; any may be null. The activated values are computed once more, some rows at a time,
    /// and the gradient between the products exists for those rows only.
    /// </summary>
    public static void Backward(in FeedForwardGradients p)
    {
        int blocks = SharedBlocks(p.Rows, p.Hidden);
        long room = ((long)p.Rows + blocks - 1) / blocks * p.Hidden;
        float* activated = ThreadScratch.Floats(ScratchPurpose.FeedForward, 2 * room);
        float* gradient = activated + room;
        for (int block = 0; block < blocks; block++)
        {
            (int from, int to) = Workers.Range(p.Rows, blocks, block);
            int rows = to - from;
            float* x = p.X + ((nint)from * p.Inputs), dy = p.Dy + ((nint)from * p.Outputs);
            Gemm.Run(new MatrixProduct(rows, p.Hidden, p.Outputs, dy, p.Weight2, gradient));
            Elementwise.Activate(p.Activation, p.Kept + ((nint)from * p.Hidden), activated, gradient, (long)rows * p.Hidden);
            if (p.Dropout is var (probability, generator))
                Dropout.RunBoth(gradient, activated, probability, generator, (long)rows * p.Hidden, (long)from * p.Hidden);
            if (p.DWeight2 != null)
                Gemm.Correlate(dy, p.Outputs, p.Outputs, activated, p.Hidden, p.Hidden, rows, p.DWeight2, p.DBias2, block > 0);
            if (p.DWeight1 != null)
                Gemm.Correlate(gradient, p.Hidden, p.Hidden, x, p.Inputs, p.Inputs, rows, p.DWeight1, p.DBias1, block > 0);
            if (p.Dx != null)
                Gemm.Run(new MatrixProduct(rows, p.Inputs, p.Hidden, gradient, p.Weight1, p.Dx + ((nint)from * p.Inputs)));
        }
    }

    private static int SharedBlocks(int rows, int hidden) => (int)Math.Max((((long)rows * hidden) + SharedHiddenFloats - 1) / SharedHiddenFloats, 1);
}
