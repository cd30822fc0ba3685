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
        a.Device.MatMul(a, transposeA, b, transposeB, y);
        return Tape.IsRecording(a, b) ? Tape.Record(new MatMul(a, transposeA, b, transposeB), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Device device = dy.Device;
        if (_a.IsTracked)
        {
            Tensor da = NewGradient(_a)!;
            if (_transposeA)
                device.MatMul(_b, _transposeB, dy, true, da);
            else
                device.MatMul(dy, false, _b, !_transposeB, da);
            Accumulate(_a, da);
        }

        if (_b.IsTracked)
        {
            // One right operand for a whole batch: the batch's rows are rows of one tall matrix.
            Tensor a = _b.Rank == 2 ? Flat(_a) : _a, gradient = _b.Rank == 2 ? Flat(dy) : dy;
            Tensor db = NewGradient(_b)!;
            if (_transposeB)
                device.MatMul(gradient, true, a, _transposeA, db);
            else
                device.MatMul(a, !_transposeA, gradient, false, db);
            Accumulate(_b, db);
        }
    }

    private static Tensor Flat(Tensor x) => x.Rank == 2 ? x : x.View(0, [checked((int)(x.Count / x.Shape[-1])), x.Shape[-1]]);
}
