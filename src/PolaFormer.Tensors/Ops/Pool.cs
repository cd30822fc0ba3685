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
        x.Device.Pool(function, window, x, y);
        return Tape.IsRecording(x) ? Tape.Record(new Pool(function, window, x), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor dx = dy.Device.Empty(_x.Shape);
        dy.Device.PoolBackward(_function, _window, _x, dy, dx);
        Accumulate(_x, dx);
    }
}
