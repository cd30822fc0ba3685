using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x̂·w + b with x̂ = (x − mean)/√(var + eps) over the last dimension (biased variance, C elements).
/// With g = w·∂y: ∂x = (g − mean(g) − x̂·mean(g·x̂))/√(var + eps), ∂w = Σ x̂·∂y, ∂b = Σ ∂y. A constant row gives b.
/// </summary>
internal sealed class LayerNorm : Operator
{
    private readonly Tensor _x, _mean, _rstd;
    private readonly Tensor? _weight, _bias;

    private LayerNorm(Tensor x, Tensor? weight, Tensor? bias, Tensor mean, Tensor rstd)
    {
        _x = Keep(x);
        _weight = SaveIfPresent(weight);
        _bias = bias;
        _mean = Save(mean);
        _rstd = Save(rstd);
    }

    public static Tensor Forward(Tensor x, Tensor? weight, Tensor? bias, float eps)
    {
        int rows = checked((int)(x.Count / Math.Max(x.Shape[-1], 1)));
        Tensor y = x.Device.EmptyActivation(x.Shape), mean = x.Device.Empty([rows]), rstd = x.Device.Empty([rows]);
        x.Device.Run(new Call(x, weight, bias, eps, y, mean, rstd));
        return Tape.IsRecording(x, weight, bias) ? Tape.Record(new LayerNorm(x, weight, bias, mean, rstd), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        Tensor? dweight = NewGradient(_weight), dbias = NewGradient(_bias);
        dy.Device.Run(new BackwardCall(_x, _weight, _mean, _rstd, dy, dx, dweight, dbias));
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    internal readonly record struct Call(Tensor X, Tensor? Weight, Tensor? Bias, float Eps, Tensor Y, Tensor Mean, Tensor Rstd) : IDeviceCall
    {
        public string Name => nameof(LayerNorm);

        public void Describe(ref CallDescription call)
        {
            call.WritesAny(Y);
            call.Writes(Mean);
            call.Writes(Rstd);
            call.ReadsFor(Y, X);
            call.Reads(Weight);
            call.Reads(Bias);
        }

        public unsafe void OnCpu() => Kernels.LayerNorm.Forward(
            X.Data, Tensor.DataOrNull(Weight), Tensor.DataOrNull(Bias), Eps, Y.Data, Mean.Data, Rstd.Data, X.RowCount, X.Shape[-1]);
    }

    internal readonly record struct BackwardCall(
        Tensor X, Tensor? Weight, Tensor Mean, Tensor Rstd, Tensor Dy, Tensor Dx, Tensor? Dweight, Tensor? Dbias) : IDeviceCall
    {
        public string Name => "LayerNormBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Reads(X);
            call.Reads(Weight);
            call.Reads(Mean);
            call.Reads(Rstd);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.LayerNorm.Backward(
            X.Data, Tensor.DataOrNull(Weight), Mean.Data, Rstd.Data, Dy.Data, Dx.Data, Tensor.DataOrNull(Dweight), Tensor.DataOrNull(Dbias), X.RowCount, X.Shape[-1]);
    }
}
