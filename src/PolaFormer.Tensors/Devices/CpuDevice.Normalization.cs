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

    internal override void BatchStatistics(Tensor x, float eps, Tensor mean, Tensor rstd, Tensor unbiasedVariance) =>
        Kernels.BatchNorm.Statistics(x.Data, Rows(x), x.Shape[-1], eps, mean.Data, rstd.Data, unbiasedVariance.Data);

    internal override void BatchNorm(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor bias, Tensor y) =>
        Kernels.BatchNorm.Normalize(x.Data, mean.Data, rstd.Data, weight.Data, bias.Data, y.Data, Rows(x), x.Shape[-1]);

    internal override void BatchNormBackward(Tensor x, Tensor mean, Tensor rstd, Tensor weight, Tensor dy, bool batchStatistics, Tensor dx, Tensor dweight, Tensor dbias) =>
        Kernels.BatchNorm.Backward(x.Data, mean.Data, rstd.Data, weight.Data, dy.Data, dx.Data, dweight.Data, dbias.Data, Rows(x), x.Shape[-1], batchStatistics);

    internal override void CrossEntropy(Tensor logits, Tensor targets, Tensor lossPerRow) =>
        Kernels.CrossEntropy.Soft(logits.Data, targets.Data, Rows(logits), logits.Shape[-1], lossPerRow.Data);

    internal override void CrossEntropyBackward(Tensor logits, Tensor targets, Tensor dlossPerRow, Tensor dlogits) =>
        Kernels.CrossEntropy.SoftBackward(logits.Data, targets.Data, dlossPerRow.Data, Rows(logits), logits.Shape[-1], dlogits.Data);
}
