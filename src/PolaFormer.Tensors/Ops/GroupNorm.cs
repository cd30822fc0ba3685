using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = x̂·w + b with x̂ = (x − mean)/√(var + eps), mean and biased variance of each image and group of neighbouring channels of
/// (B, …, C). With g = w·∂y and means over a group: ∂x = (g − mean(g) − x̂·mean(g·x̂))/√(var + eps), ∂w = Σ x̂·∂y, ∂b = Σ ∂y. A
/// constant group gives b; NaN and ±∞ make their group NaN; an empty image gives an empty one.
/// </summary>
internal sealed class GroupNorm : Operator
{
    private readonly Tensor _x, _weight, _bias, _mean, _rstd;
    private readonly int _groups;

    private GroupNorm(Tensor x, int groups, Tensor weight, Tensor bias, Tensor mean, Tensor rstd)
    {
        _x = Keep(x);
        _groups = groups;
        _weight = Save(weight);
        _bias = bias;
        _mean = Save(mean);
        _rstd = Save(rstd);
    }

    public static Tensor Forward(Tensor x, int groups, Tensor weight, Tensor bias, float eps)
    {
        int channels = x.Shape[-1];
        if (x.Rank < 2 || groups < 1 || channels % groups != 0 || weight.Count != channels || bias.Count != channels)
            throw new ArgumentException($"Group norm takes (B, …, C) with {groups} groups dividing C, and C weights and biases; got {x.Shape}, {weight.Shape} and {bias.Shape}.");
        if (!x.Device.Fuses<Call>())
            return Compose(x, groups, weight, bias, eps);
        Tensor y = x.Device.Empty(x.Shape), mean = x.Device.Empty([x.Shape[0], channels]), rstd = x.Device.Empty([x.Shape[0], channels]);
        x.Device.Run(new Call(x, groups, weight, bias, eps, y, mean, rstd));
        return Tape.IsRecording(x, weight, bias) ? Tape.Record(new GroupNorm(x, groups, weight, bias, mean, rstd), y) : y;
    }

    private static Tensor Compose(Tensor x, int groups, Tensor weight, Tensor bias, float eps)
    {
        (int batch, int channels) = (x.Shape[0], x.Shape[-1]);
        Tensor rows = x.Reshape(batch, -1, groups, channels / groups).Permute(0, 2, 1, 3);
        Tensor normal = rows.Reshape(batch, groups, -1).LayerNorm(null, null, eps).Reshape(rows.Shape).Permute(0, 2, 1, 3).Reshape(x.Shape);
        return (normal * weight) + bias;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(dy.Shape);
        Tensor dweight = NewGradient(_weight) ?? dy.Device.Empty(_weight.Shape), dbias = NewGradient(_bias) ?? dy.Device.Empty(_bias.Shape);
        dy.Device.Run(new BackwardCall(_x, _groups, _mean, _rstd, _weight, dy, dx, dweight, dbias));
        Accumulate(_x, dx);
        Accumulate(_weight, dweight);
        Accumulate(_bias, dbias);
    }

    /// <summary>Mean and Rstd receive those of its group for every image and channel, (B, C).</summary>
    internal readonly record struct Call(Tensor X, int Groups, Tensor Weight, Tensor Bias, float Eps, Tensor Y, Tensor Mean, Tensor Rstd) : IDeviceCall
    {
        public string Name => nameof(GroupNorm);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Writes(Mean);
            call.Writes(Rstd);
            call.Reads(X);
            call.Reads(Weight);
            call.Reads(Bias);
        }

        public unsafe void OnCpu() =>
            Kernels.GroupNorm.Forward(X.Data, X.Shape[0], Y.Count == 0 ? 0 : X.RowCount / X.Shape[0], X.Shape[-1], Groups, Eps, Weight.Data, Bias.Data, Y.Data, Mean.Data, Rstd.Data);
    }

    internal readonly record struct BackwardCall(Tensor X, int Groups, Tensor Mean, Tensor Rstd, Tensor Weight, Tensor Dy, Tensor Dx, Tensor Dweight, Tensor Dbias) : IDeviceCall
    {
        public string Name => "GroupNormBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Writes(Dweight);
            call.Writes(Dbias);
            call.Reads(X);
            call.Reads(Mean);
            call.Reads(Rstd);
            call.Reads(Weight);
            call.Reads(Dy);
        }

        public unsafe void OnCpu() => Kernels.GroupNorm.Backward(
            X.Data, X.Shape[0], Dx.Count == 0 ? 0 : X.RowCount / X.Shape[0], X.Shape[-1], Groups, Mean.Data, Rstd.Data, Weight.Data, Dy.Data, Dx.Data, Dweight.Data, Dbias.Data);
    }
}
