using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>y = x·Wᵀ + b over the last dimension, W (out, in). ∂x = ∂y·W, ∂W = ∂yᵀ·x, ∂b = Σ rows of ∂y.</summary>
internal sealed class Linear : Operator
{
    private readonly Tensor _x, _read, _weight;
    private readonly Tensor? _bias;

    // `read` is x as it is kept.
    private Linear(Tensor x, Tensor read, Tensor weight, Tensor? bias)
    {
        (_x, _read) = (x, Save(read));
        _weight = Save(weight);
        _bias = bias;
    }

    /// <summary>act(x·Wᵀ + b), or x·Wᵀ + b + residual: one pass unless the tape records.</summary>
    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual)
    {
        if (activation != Activation.None && residual is not null)
            throw new ArgumentException("A linear layer applies an activation or adds a residual, not both.");
        RequireFit(x, weight);
        Shape shape = x.Shape.With(-1, weight.Shape[0]);
        if (activation == Activation.None && residual is null)
            return Forward(x, weight, bias, x.Device.EmptyActivation(shape));
        if (residual is not null && residual.Shape != shape)
            throw new ArgumentException($"The residual {residual.Shape} is not as large as the result {shape}.");
        if (Tape.IsRecording(x, weight, bias, residual) || !x.Device.Fuses<FusedCall>())
            return Compose(x, weight, bias, activation, residual, shape);

        Tensor y = residual is null ? x.Device.EmptyActivation(shape) : x.Device.Empty(shape);
        x.Device.Run(new FusedCall(x, weight, bias, activation, residual, y));
        return y;
    }

    private static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, Tensor y)
    {
        bool tracked = Tape.IsRecording(x, weight, bias);
        Tensor read = tracked && x.Producer is not null ? x.Narrowed() : x;
        x.Device.Run(new Call(read, weight, bias, y));
        return tracked ? Tape.Record(new Linear(x, read, weight, bias), y) : y;
    }

    private static Tensor Compose(Tensor x, Tensor weight, Tensor? bias, Activation activation, Tensor? residual, Shape shape)
    {
        Tensor product = Forward(x, weight, bias, residual is null ? x.Device.EmptyActivation(shape) : x.Device.Empty(shape));
        return residual is null ? product.Activate(activation) : residual + product;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x), dweight = NewGradient(_weight), dbias = NewGradient(_bias);
        dy.Device.Run(new BackwardCall(_read, _weight, dy, dx, dweight, dbias));
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    private static void RequireFit(Tensor x, Tensor weight)
    {
        if (weight.Rank != 2 || x.Rank < 1 || x.Shape[-1] != weight.Shape[1])
            throw new ArgumentException($"A linear layer with weight {weight.Shape} does not take input {x.Shape}.");
    }

    /// <summary>x·Wᵀ + b for so many rows.</summary>
    internal static unsafe Kernels.MatrixProduct Product(int rows, float* x, Tensor weight, Tensor? bias, float* y)
    {
        (int outputs, int inputs) = (weight.Shape[0], weight.Shape[1]);
        return new Kernels.MatrixProduct(rows, outputs, inputs, x, weight.IsPacked ? null : weight.Data, y)
        {
            BRow = 1,
            BCol = inputs,
            PackedB = weight.IsPacked ? weight.PackedData : null,
            Bias = Tensor.DataOrNull(bias),
        };
    }

    /// <summary>y = x·Wᵀ + b, x and y as the device stores activations.</summary>
    internal readonly record struct Call(Tensor X, Tensor Weight, Tensor? Bias, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(Linear);

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            call.ReadsAny(X);
            call.Reads(Weight);
            call.Reads(Bias);
            call.Multiplies(Y.Count * X.Shape[-1]);
        }

        public unsafe void OnCpu() => Kernels.Gemm.Run(Product(Y.RowCount, X.Data, Weight, Bias, Y.Data));
    }

    /// <summary>y = act(x·Wᵀ + b), or x·Wᵀ + b + residual.</summary>
    internal readonly record struct FusedCall(Tensor X, Tensor Weight, Tensor? Bias, Activation Activation, Tensor? Residual, Tensor Y) : IDeviceCall
    {
        public string Name => Activation == Activation.None ? nameof(Linear) : $"{nameof(Linear)} {Activation}";

        public void Describe(ref CallDescription call)
        {
            new Call(X, Weight, Bias, Y).Describe(ref call);
            call.Reads(Residual);
        }

        public unsafe void OnCpu() =>
            Kernels.Gemm.Run(Product(Y.RowCount, X.Data, Weight, Bias, Y.Data) with { Activation = Activation, Addend = Tensor.DataOrNull(Residual) });
    }

    internal readonly record struct BackwardCall(Tensor X, Tensor Weight, Tensor Dy, Tensor? Dx, Tensor? Dweight, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "LinearBackward";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            call.ReadsAny(X);
            call.Reads(Weight);
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Multiplies(((Dx is null ? 0 : 1) + (Dweight is null ? 0 : 1)) * Dy.Count * X.Shape[-1]);
        }

        public unsafe void OnCpu()
        {
            (int outputs, int inputs, int rows) = (Weight.Shape[0], Weight.Shape[1], Dy.RowCount);
            if (Dx is not null)
                Kernels.Gemm.Run(new Kernels.MatrixProduct(rows, inputs, outputs, Dy.Data, Weight.Data, Dx.Data));
            if (Dweight is not null)
                Kernels.Gemm.Correlate(Dy.Data, outputs, outputs, X.Data, inputs, inputs, rows, Dweight.Data, Tensor.DataOrNull(Dbias), accumulate: false);
            else if (Dbias is not null)
                Kernels.Reduction.Sum(Dy.Data, 1, rows, outputs, Dbias.Data);
        }
    }
}
