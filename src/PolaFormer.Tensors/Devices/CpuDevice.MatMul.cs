using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y, float scale = 1, bool accumulate = false)
    {
        // One right operand for a whole batch of untransposed left ones is one tall product.
        bool isShared = b.Rank == 2 && a.Rank > 2;
        int rows = isShared ? checked((int)(a.Count / Math.Max(a.Shape[-1], 1))) : a.Shape[transposeA ? -1 : -2];
        int inner = a.Shape[transposeA ? -2 : -1], columns = y.Shape[-1];
        Gemm.Run(new MatrixProduct(rows, columns, inner, a.Data, b.Data, y.Data)
        {
            Alpha = scale,
            Addend = accumulate ? y.Data : null,
            ARow = transposeA ? 1 : inner,
            ACol = transposeA ? rows : 1,
            BRow = transposeB ? 1 : columns,
            BCol = transposeB ? inner : 1,
            OuterBatch = isShared ? 1 : checked((int)a.Shape.CountOf(0, a.Rank - 2)),
            AOuter = (nint)rows * inner,
            BOuter = (nint)inner * columns,
            COuter = (nint)rows * columns,
        });
    }

    internal override void Linear(Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        (int outputs, int inputs) = (weight.Shape[0], weight.Shape[1]);
        Gemm.Run(new MatrixProduct(Rows(y), outputs, inputs, x.Data, weight.Data, y.Data)
        {
            BRow = 1,
            BCol = inputs,
            Bias = DataOrNull(bias),
        });
    }

    internal override void LinearBackward(Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias)
    {
        (int outputs, int inputs, int rows) = (weight.Shape[0], weight.Shape[1], Rows(dy));
        if (dx is not null)
            Gemm.Run(new MatrixProduct(rows, inputs, outputs, dy.Data, weight.Data, dx.Data));
        if (dweight is not null)
            Gemm.Run(new MatrixProduct(outputs, inputs, rows, dy.Data, x.Data, dweight.Data) { ARow = 1, ACol = outputs });
        if (dbias is not null)
            Reduction.Sum(dy.Data, 1, rows, outputs, dbias.Data);
    }
}
