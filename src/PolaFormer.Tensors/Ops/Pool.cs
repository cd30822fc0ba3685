using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// Pooling of channels-last images. Average: y = mean of the window, ∂y spreads evenly over it. Maximum: y = the largest,
/// ∂y goes to the first largest. Adaptive average: output pixel i covers rows ⌊i·H/h⌋ to ⌈(i + 1)·H/h⌉.
/// </summary>
internal sealed class Pool : Operator
{
    private readonly PoolFunction _function;
    private readonly PoolWindow _window;
    private readonly Tensor _x;

    private Pool(PoolFunction function, in PoolWindow window, Tensor x)
    {
        _function = function;
        _window = window;
        _x = function == PoolFunction.Max ? Save(x) : x;
    }

    public static Tensor Forward(PoolFunction function, in PoolWindow window, Tensor x, int outHeight, int outWidth)
    {
        if (x.Rank != 4)
            throw new ArgumentException($"Pooling takes (B, H, W, C); got {x.Shape}.");
        Tensor y = x.Device.Empty([x.Shape[0], outHeight, outWidth, x.Shape[3]]);
        x.Device.Run(new Call(function, window, x, y));
        return Tape.IsRecording(x) ? Tape.Record(new Pool(function, window, x), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(_x.Shape);
        dy.Device.Run(new BackwardCall(_function, _window, _x, dy, dx));
        Accumulate(_x, dx);
    }

    internal readonly record struct Call(PoolFunction Function, PoolWindow Window, Tensor X, Tensor Y) : IDeviceCall
    {
        public string Name => $"{nameof(Pool)} {Function}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
        }

        public unsafe void OnCpu()
        {
            (int batch, int height, int width, int channels) = (X.Shape[0], X.Shape[1], X.Shape[2], X.Shape[3]);
            switch (Function)
            {
                case PoolFunction.AdaptiveAverage:
                    Kernels.Pooling.AdaptiveAverage(X.Data, batch, height, width, channels, Y.Data, Y.Shape[1], Y.Shape[2]);
                    break;
                case PoolFunction.Average:
                    Kernels.Pooling.Average(X.Data, batch, height, width, channels, Window, Y.Data);
                    break;
                case PoolFunction.Max:
                    Kernels.Pooling.Max(X.Data, batch, height, width, channels, Window, Y.Data);
                    break;
                default:
                    throw new InvalidOperationException($"No pooling by {Function}.");
            }
        }
    }

    internal readonly record struct BackwardCall(PoolFunction Function, PoolWindow Window, Tensor X, Tensor Dy, Tensor Dx) : IDeviceCall
    {
        public string Name => $"PoolBackward {Function}";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(Dy);
            if (Function == PoolFunction.Max)
                call.Reads(X);
        }

        public unsafe void OnCpu()
        {
            (int batch, int height, int width, int channels) = (Dx.Shape[0], Dx.Shape[1], Dx.Shape[2], Dx.Shape[3]);
            switch (Function)
            {
                case PoolFunction.AdaptiveAverage:
                    Kernels.Pooling.AdaptiveAverageBackward(Dy.Data, batch, Dy.Shape[1], Dy.Shape[2], channels, Dx.Data, height, width);
                    break;
                case PoolFunction.Average:
                    Kernels.Pooling.AverageBackward(Dy.Data, batch, height, width, channels, Window, Dx.Data);
                    break;
                case PoolFunction.Max:
                    Kernels.Pooling.MaxBackward(X.Data, Dy.Data, batch, height, width, channels, Window, Dx.Data);
                    break;
                default:
                    throw new InvalidOperationException($"No pooling by {Function}.");
            }
        }
    }
}
