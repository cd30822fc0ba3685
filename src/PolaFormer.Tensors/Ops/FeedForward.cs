using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = (d·f(h))·W₂ᵀ + b₂ (+ residual) with h = x·W₁ᵀ + b₁: two linear layers with an activation between, and <see cref="Dropout"/>
/// behind it, if any, whose factors are d. Of what lies between them only h is kept. With ∂h = d·(∂y·W₂)·f′(h): ∂W₂ = ∂yᵀ·(d·f(h)), ∂b₂ = Σ ∂y, ∂W₁ = ∂hᵀ·x, ∂b₁ = Σ ∂h, ∂x = ∂h·W₁,
/// sums over rows, and ∂residual = ∂y.
/// </summary>
internal sealed class FeedForward : Operator
{
    private readonly Tensor _x, _read, _hidden, _weight1, _weight2;
    private readonly Tensor? _bias1, _bias2, _residual;
    private readonly Activation _activation;
    private readonly (float Probability, Philox Generator)? _dropout;

    // `read` is x as it is kept.
    private FeedForward(Tensor x, Tensor read, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, (float Probability, Philox Generator)? dropout, Tensor hidden)
    {
        _dropout = dropout;
        (_x, _read) = (x, Save(read));
        _weight1 = Save(weight1);
        _weight2 = Save(weight2);
        _hidden = Save(hidden);
        (_bias1, _activation, _bias2, _residual) = (bias1, activation, bias2, residual);
    }

    public static Tensor Forward(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, (float Probability, Philox Generator)? dropout = null)
    {
        if (x.Shape[-1] != weight1.Shape[1] || weight1.Shape[0] != weight2.Shape[1])
            throw new ArgumentException($"Linear layers with weights {weight1.Shape} and {weight2.Shape} do not take input {x.Shape}.");
        Shape shape = x.Shape.With(-1, weight2.Shape[0]);
        if (residual is not null && residual.Shape != shape)
            throw new ArgumentException($"The residual {residual.Shape} is not as large as the result {shape}.");
        if (!x.Device.Fuses<Call>())
            return Compose(x, weight1, bias1, activation, weight2, bias2, residual, dropout);

        Tensor y = x.Device.Empty(shape);
        bool tracked = Tape.IsRecording(x, weight1, bias1, weight2, bias2) || Tape.IsRecording(y, residual);
        DType kept = dropout is null ? x.Device.ActivationType : DType.Float32;
        Tensor? hidden = tracked || dropout is not null ? x.Device.Empty(x.Shape.With(-1, weight1.Shape[0]), kept) : null;
        Tensor read = tracked && kept != DType.Float32 && x.Producer is not null ? x.Narrowed() : x;
        x.Device.Run(new Call(read, weight1, bias1, activation, weight2, bias2, residual, dropout, hidden, y));
        return tracked ? Tape.Record(new FeedForward(x, read, weight1, bias1, activation, weight2, bias2, residual, dropout, hidden!), y) : y;
    }

    private static Tensor Compose(Tensor x, Tensor weight1, Tensor? bias1, Activation activation, Tensor weight2, Tensor? bias2, Tensor? residual, (float Probability, Philox Generator)? dropout)
    {
        Tensor hidden = x.Linear(weight1, bias1, activation);
        if (dropout is var (probability, generator))
            hidden = hidden.Dropout(probability, generator);
        return hidden.Linear(weight2, bias2, residual: residual);
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x);
        Tensor? dbias1 = NewGradient(_bias1), dbias2 = NewGradient(_bias2);
        // Sums of a bias come with those of its weight.
        Tensor? dweight1 = NewGradient(_weight1) ?? (dbias1 is null ? null : dy.Device.Empty(_weight1.Shape));
        Tensor? dweight2 = NewGradient(_weight2) ?? (dbias2 is null ? null : dy.Device.Empty(_weight2.Shape));
        dy.Device.Run(new BackwardCall(_read, _weight1, _activation, _weight2, _dropout, _hidden, dy, dx, dweight1, dbias1, dweight2, dbias2));
        Accumulate(_x, dx);
        Accumulate(_weight1, dweight1);
        Accumulate(_bias1, dbias1);
        Accumulate(_weight2, dweight2);
        Accumulate(_bias2, dbias2);
        Accumulate(_residual, dy);
    }

    // With dropout, all of the layer is floats.
    private static void Read(ref CallDescription call, Tensor x, (float Probability, Philox Generator)? dropout)
    {
        if (dropout is null)
            call.ReadsAny(x);
        else
            call.Reads(x);
    }

    /// <summary>y = (d·act(h))·W₂ᵀ + b₂ (+ residual) with h = x·W₁ᵀ + b₁, which is kept in <paramref name="Hidden"/> if that is given.</summary>
    internal readonly record struct Call(
        Tensor X, Tensor Weight1, Tensor? Bias1, Activation Activation, Tensor Weight2, Tensor? Bias2, Tensor? Residual, (float Probability, Philox Generator)? Dropout, Tensor? Hidden, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(FeedForward)} {Activation}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            if (Hidden is not null)
                call.Writes(Hidden, type: null);
            Read(ref call, X, Dropout);
            call.Reads(Weight1);
            call.Reads(Bias1);
            call.Reads(Weight2);
            call.Reads(Bias2);
            call.Reads(Residual);
            call.Multiplies((X.Shape.CountOf(0, X.Rank - 1) * Weight1.Count) + (Y.Count * Weight2.Shape[1]));
        }

        public unsafe void OnCpu()
        {
            (int rows, int inputs, int width, int outputs) = (Y.RowCount, Weight1.Shape[1], Weight1.Shape[0], Weight2.Shape[0]);
            Kernels.MatrixProduct first = Linear.Product(rows, X.Data, Weight1, Bias1, Tensor.DataOrNull(Hidden));
            Kernels.MatrixProduct second = Linear.Product(rows, null, Weight2, Bias2, Y.Data) with { Addend = Tensor.DataOrNull(Residual) };
            if (Hidden is not null)
            {
                Kernels.FeedForward.RunKeeping(first, Activation, Dropout, second);
            }
            else if (Weight1.IsPacked && Weight2.IsPacked && Kernels.FeedForward.Pays(rows, inputs, width, outputs))
            {
                Kernels.FeedForward.Run(first with { Activation = Activation }, second);
            }
            else
            {
                Tensor activated = Device.Cpu.Empty(X.Shape.With(-1, width));
                Kernels.Gemm.Run(Linear.Product(rows, X.Data, Weight1, Bias1, activated.Data) with { Activation = Activation });
                Kernels.Gemm.Run(Linear.Product(rows, activated.Data, Weight2, Bias2, Y.Data) with { Addend = Tensor.DataOrNull(Residual) });
            }
        }
    }

    internal readonly record struct BackwardCall(
        Tensor X, Tensor Weight1, Activation Activation, Tensor Weight2, (float Probability, Philox Generator)? Dropout, Tensor Hidden, Tensor Dy,
        Tensor? Dx, Tensor? Dweight1, Tensor? Dbias1, Tensor? Dweight2, Tensor? Dbias2) : IDeviceCall
    {
        public string Name => $"FeedForwardBackward {Activation}";

        public void Describe(ref CallDescription call)
        {
            call.ReadsGradient(Dy);
            Read(ref call, X, Dropout);
            call.Reads(Weight1);
            call.Reads(Weight2);
            call.Reads(Hidden, type: null);
            call.Writes(Dx);
            call.Writes(Dweight1);
            call.Writes(Dbias1);
            call.Writes(Dweight2);
            call.Writes(Dbias2);
            int firsts = (Dx is null ? 0 : 1) + (Dweight1 is null ? 0 : 1), seconds = 1 + (Dweight2 is null ? 0 : 1);
            call.Multiplies((firsts * Hidden.Count * X.Shape[-1]) + (seconds * Hidden.Count * Dy.Shape[-1]));
        }

        public unsafe void OnCpu() => Kernels.FeedForward.Backward(new Kernels.FeedForwardGradients
        {
            Rows = Dy.RowCount,
            Inputs = Weight1.Shape[1],
            Hidden = Weight1.Shape[0],
            Outputs = Weight2.Shape[0],
            Activation = Activation,
            Dropout = Dropout,
            X = X.Data,
            Kept = Hidden.Data,
            Weight1 = Weight1.Data,
            Weight2 = Weight2.Data,
            Dy = Dy.Data,
            Dx = Tensor.DataOrNull(Dx),
            DWeight1 = Tensor.DataOrNull(Dweight1),
            DBias1 = Tensor.DataOrNull(Dbias1),
            DWeight2 = Tensor.DataOrNull(Dweight2),
            DBias2 = Tensor.DataOrNull(Dbias2),
        });
    }
}
