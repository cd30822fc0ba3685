using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y = the position of the largest channel of every pixel of x resampled to another height and width, by way of a size between where one
/// is given; the first where several are. NaN counts as largest. The resampled map is never made. No gradient; without channels, or with
/// more than 256, it is an error.
/// </summary>
internal static class InterpolatedArgMax
{
    private const int MaxChannels = 256;

    public static Tensor Forward(InterpolationMode mode, Tensor x, int height, int width, (int Height, int Width)? through)
    {
        Tape.RequireUntracked(nameof(InterpolatedArgMax), x);
        if (x.Rank != 4 || x.Shape[3] is < 1 or > MaxChannels)
            throw new ArgumentException($"The largest channel is found in (B, H, W, C) of 1 to {MaxChannels} channels; got {x.Shape}.");
        if (!x.Device.Fuses<Call>())
            return Compose(mode, x, height, width, through);
        Tensor y = x.Device.Empty([x.Shape[0], height, width], DType.UInt8);
        x.Device.Run(new Call(mode, x, through, y));
        return y;
    }

    private static Tensor Compose(InterpolationMode mode, Tensor x, int height, int width, (int Height, int Width)? through)
    {
        Tensor between = through is { } size ? x.Interpolate(size.Height, size.Width, mode) : x;
        return between.Interpolate(height, width, mode).ArgMax().To(DType.Float32).To(DType.UInt8);
    }

    internal readonly record struct Call(InterpolationMode Mode, Tensor X, (int Height, int Width)? Through, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(InterpolatedArgMax);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y, DType.UInt8);
            call.Reads(X);
        }

        public unsafe void OnCpu()
        {
            using Kernels.AxisWeights rows = Kernels.Interpolation.Weights(Mode, X.Shape[1], Through?.Height, Y.Shape[1]);
            using Kernels.AxisWeights columns = Kernels.Interpolation.Weights(Mode, X.Shape[2], Through?.Width, Y.Shape[2]);
            Kernels.InterpolatedArgMax.Run(X.Data, X.Shape[0], rows, columns, X.Shape[3], (byte*)Y.Elements);
        }
    }
}
