using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = a·b over the last two dimensions, either operand transposed, batches equal or b without any.
/// With A, B the operands after transposition: ∂A = ∂y·Bᵀ, ∂B = Aᵀ·∂y. An inner extent of 0 gives zeros.
/// </summary>
internal sealed class MatMul : Operator
{
    private readonly Tensor _a, _b;
    private readonly bool _transposeA, _transposeB;

    private MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB)
    {
        _a = Save(a);
        _b = Save(b);
        _transposeA = transposeA;
        _transposeB = transposeB;
    }

    public static Tensor Forward(Tensor a, Tensor b, bool transposeA, bool transposeB)
    {
        if (a.Rank < 2 || b.Rank < 2)
            throw new ArgumentException($"A matrix product needs two dimensions each; got {a.Shape} and {b.Shape}.");
        int m = a.Shape[transposeA ? -1 : -2], k = a.Shape[transposeA ? -2 : -1];
        int bk = b.Shape[transposeB ? -1 : -2], n = b.Shape[transposeB ? -2 : -1];
        if (k != bk)
            throw new ArgumentException($"Inner extents differ: {a.Shape}{(transposeA ? "ᵀ" : "")} · {b.Shape}{(transposeB ? "ᵀ" : "")}.");
        if (b.Rank > 2 && (b.Rank != a.Rank || !a.Shape.AsSpan()[..^2].SequenceEqual(b.Shape.AsSpan()[..^2])))
            throw new ArgumentException($"Batches differ: {a.Shape} · {b.Shape}.");
        if (b.Rank == 2 && a.Rank > 2 && transposeA)
            throw new ArgumentException("A batch of transposed matrices needs a batch on the right.");

        Tensor y = a.Device.Empty(a.Shape.With(-2, m).With(-1, n));
        a.Device.Run(new Call(a, transposeA, b, transposeB, y));
        return Tape.IsRecording(a, b) ? Tape.Record(new MatMul(a, transposeA, b, transposeB), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        if (_a.IsTracked)
        {
            Tensor da = NewGradient(_a)!;
            if (_transposeA)
                device.Run(new Call(_b, _transposeB, dy, true, da));
            else
                device.Run(new Call(dy, false, _b, !_transposeB, da));
            Accumulate(_a, da);
        }

        if (_b.IsTracked)
        {
            // One right operand for a whole batch: the batch's rows are rows of one tall matrix.
            Tensor a = _b.Rank == 2 ? Flat(_a) : _a, gradient = _b.Rank == 2 ? Flat(dy) : dy;
            Tensor db = NewGradient(_b)!;
            if (_transposeB)
                device.Run(new Call(gradient, true, a, _transposeA, db));
            else
                device.Run(new Call(a, !_transposeA, gradient, false, db));
            Accumulate(_b, db);
        }
    }

    private static Tensor Flat(Tensor x) => x.Rank == 2 ? x : x.View(0, [checked((int)(x.Count / x.Shape[-1])), x.Shape[-1]]);

    /// <summary>a is (…, m, k), b (…, k, n); transposed operands are stored the other way round.</summary>
    internal readonly record struct Call(Tensor A, bool TransposeA, Tensor B, bool TransposeB, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(MatMul);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            if (A.DType == B.DType)
            {
                call.ReadsAny(A);
                call.ReadsAny(B);
            }
            else
            {
                call.Reads(A);
                call.Reads(B);
            }

            call.Multiplies(Y.Count * A.Shape[TransposeA ? -2 : -1]);
        }

        public unsafe void OnCpu()
        {
            if (TransposeA && !TransposeB && B.Rank == A.Rank && A.Shape[-2] >= Kernels.Gemm.CorrelatedRows && A.Shape.CountOf(0, A.Rank - 2) == 1)
            {
                Kernels.Gemm.Correlate(A.Data, A.Shape[-1], A.Shape[-1], B.Data, B.Shape[-1], B.Shape[-1], A.Shape[-2], Y.Data, null, accumulate: false);
                return;
            }

            // One right operand for a whole batch of untransposed left ones is one tall product.
            bool isShared = B.Rank == 2 && A.Rank > 2;
            int rows = isShared ? checked((int)(A.Count / Math.Max(A.Shape[-1], 1))) : A.Shape[TransposeA ? -1 : -2];
            int inner = A.Shape[TransposeA ? -2 : -1], columns = Y.Shape[-1];
            Kernels.Gemm.Run(new Kernels.MatrixProduct(rows, columns, inner, A.Data, B.Data, Y.Data)
            {
                ARow = TransposeA ? 1 : inner,
                ACol = TransposeA ? rows : 1,
                BRow = TransposeB ? 1 : columns,
                BCol = TransposeB ? inner : 1,
                OuterBatch = isShared ? 1 : checked((int)A.Shape.CountOf(0, A.Rank - 2)),
                AOuter = (nint)rows * inner,
                BOuter = (nint)inner * columns,
                COuter = (nint)rows * columns,
            });
        }
    }
}
