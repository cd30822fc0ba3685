namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override void Softmax(Tensor x, Tensor y, bool logarithm)
    {
        if (logarithm)
            Kernels.Softmax.LogForward(x.Data, y.Data, Rows(x), x.Shape[-1]);
        else
            Kernels.Softmax.Forward(x.Data, y.Data, Rows(x), x.Shape[-1]);
    }

    internal override void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx, bool logarithm)
    {
        if (logarithm)
            Kernels.Softmax.LogBackward(y.Data, dy.Data, dx.Data, Rows(y), y.Shape[-1]);
        else
            Kernels.Softmax.Backward(y.Data, dy.Data, dx.Data, Rows(y), y.Shape[-1]);
    }

    internal override void LayerNorm(Tensor x, Tensor? weight, Tensor? bias, float eps, Tensor y, Tensor mean, Tensor rstd) =>
        Kernels.LayerNorm.Forward(x.Data, DataOrNull(weight), DataOrNull(bias), eps, y.Data, mean.Data, rstd.Data, Rows(x), x.Shape[-1]);

    internal override void LayerNormBackward(Tensor x, Tensor? weight, Tensor mean, Tensor rstd, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias) =>
        Kernels.LayerNorm.Backward(x.Data, DataOrNull(weight), mean.Data, rstd.Data, dy.Data, dx.Data, DataOrNull(dweight), DataOrNull(dbias), Rows(x), x.Shape[-1]);
}
