using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors;

internal sealed unsafe partial class CpuDevice
{
    internal override void Pool(PoolFunction function, in PoolWindow window, Tensor x, Tensor y)
    {
        (int batch, int height, int width, int channels) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        switch (function)
        {
            case PoolFunction.AdaptiveAverage:
                Pooling.AdaptiveAverage(x.Data, batch, height, width, channels, y.Data, y.Shape[1], y.Shape[2]);
                break;
            case PoolFunction.Average:
                Pooling.Average(x.Data, batch, height, width, channels, window, y.Data);
                break;
            case PoolFunction.Max:
                Pooling.Max(x.Data, batch, height, width, channels, window, y.Data);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, null);
        }
    }

    internal override void PoolBackward(PoolFunction function, in PoolWindow window, Tensor x, Tensor dy, Tensor dx)
    {
        (int batch, int height, int width, int channels) = (dx.Shape[0], dx.Shape[1], dx.Shape[2], dx.Shape[3]);
        switch (function)
        {
            case PoolFunction.AdaptiveAverage:
                Pooling.AdaptiveAverageBackward(dy.Data, batch, dy.Shape[1], dy.Shape[2], channels, dx.Data, height, width);
                break;
            case PoolFunction.Average:
                Pooling.AverageBackward(dy.Data, batch, height, width, channels, window, dx.Data);
                break;
            case PoolFunction.Max:
                Pooling.MaxBackward(x.Data, dy.Data, batch, height, width, channels, window, dx.Data);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(function), function, null);
        }
    }

    internal override void Interpolate(InterpolationMode mode, Tensor x, Tensor y) =>
        Interpolation.Image(mode, x.Data, x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], y.Data, y.Shape[1], y.Shape[2]);

    internal override void InterpolateBackward(InterpolationMode mode, Tensor dy, Tensor dx) =>
        Interpolation.ImageBackward(mode, dy.Data, dy.Shape[0], dy.Shape[1], dy.Shape[2], dy.Shape[3], dx.Data, dx.Shape[1], dx.Shape[2]);
}
