using PolaFormer.Tensors.Kernels;
using PolaFormer.Tensors.Memory;

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

    internal override void Linear(Tensor x, Tensor weight, Tensor? bias, Tensor y) =>
        Linear(x, weight, bias, Activation.None, null, y);

    internal override void Linear(Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual, Tensor y) =>
        Gemm.Run(Product(Rows(y), x.Data, weight, bias, y.Data) with { Activation = activation, Addend = DataOrNull(residual) });

    internal override void FeedForward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, Tensor? hidden, Tensor y)
    {
        (int rows, int inputs, int width, int outputs) = (Rows(y), weight1.Shape[1], weight1.Shape[0], weight2.Shape[0]);
        MatrixProduct first = Product(rows, x.Data, weight1, bias1, DataOrNull(hidden)), second = Product(rows, null, weight2, bias2, y.Data) with { Addend = DataOrNull(residual) };
        if (hidden is not null)
            Kernels.FeedForward.RunKeeping(first, activation, second);
        else if (weight1.IsPacked && weight2.IsPacked && Kernels.FeedForward.Pays(rows, inputs, width, outputs))
            Kernels.FeedForward.Run(first with { Activation = activation }, second);
        else
            base.FeedForward(x, weight1, bias1, activation, weight2, bias2, residual, hidden, y);
    }

    internal override void FeedForwardBackward(Tensor x, Tensor weight1, Activation activation, Tensor weight2, Tensor hidden, Tensor dy, Tensor? dx, Tensor? dweight1, Tensor? dbias1, Tensor? dweight2, Tensor? dbias2) =>
        Kernels.FeedForward.Backward(new FeedForwardGradients
        {
            Rows = Rows(dy),
            Inputs = weight1.Shape[1],
            Hidden = weight1.Shape[0],
            Outputs = weight2.Shape[0],
            Activation = activation,
            X = x.Data,
            Kept = hidden.Data,
            Weight1 = weight1.Data,
            Weight2 = weight2.Data,
            Dy = dy.Data,
            Dx = DataOrNull(dx),
            DWeight1 = DataOrNull(dweight1),
            DBias1 = DataOrNull(dbias1),
            DWeight2 = DataOrNull(dweight2),
            DBias2 = DataOrNull(dbias2),
        });

    internal override void LinearBackward(Tensor x, Tensor weight, Tensor dy, Tensor? dx, Tensor? dweight, Tensor? dbias)
    {
        (int outputs, int inputs, int rows) = (weight.Shape[0], weight.Shape[1], Rows(dy));
        if (dx is not null)
            Gemm.Run(new MatrixProduct(rows, inputs, outputs, dy.Data, weight.Data, dx.Data));
        if (dweight is not null)
            Gemm.Correlate(dy.Data, outputs, outputs, x.Data, inputs, inputs, rows, dweight.Data, DataOrNull(dbias), accumulate: false);
        else if (dbias is not null)
            Reduction.Sum(dy.Data, 1, rows, outputs, dbias.Data);
    }

    internal override Storage? Pack(Tensor weight, int groups)
    {
        int outputs = weight.Shape[0], inputs = weight.Shape[1];
        (int height, int width) = weight.Rank == 4 ? (weight.Shape[2], weight.Shape[3]) : (1, 1);
        if (inputs == 1 && groups == outputs)
        {
            Storage tapsFirst = Storage.AllocateUnscoped(weight.ByteCount);
            Kernels.DepthwiseConvolution.TapsFirst(weight.Data, outputs, height * width, (float*)tapsFirst.Pointer);
            return tapsFirst;
        }

        Storage packed = Storage.AllocateUnscoped(Convolution2D.PackedWeightLength(outputs, inputs, height, width, groups) * sizeof(float));
        Convolution2D.PackWeight(weight.Data, outputs, inputs, height, width, groups, (float*)packed.Pointer);
        return packed;
    }

    private static MatrixProduct Product(int rows, float* x, Tensor weight, Tensor? bias, float* y)
    {
        (int outputs, int inputs) = (weight.Shape[0], weight.Shape[1]);
        return new MatrixProduct(rows, outputs, inputs, x, weight.IsPacked ? null : weight.Data, y)
        {
            BRow = 1,
            BCol = inputs,
            PackedB = weight.IsPacked ? weight.PackedData : null,
            Bias = DataOrNull(bias),
        };
    }
}
