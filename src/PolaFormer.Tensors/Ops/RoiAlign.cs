using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Tensors.Ops;

/// <summary>
/// y(r, i, j) = mean over sample points of bin (i, j) of region r of x, bilinear between pixels (He et al., Mask R-CNN, ICCV 2017;
/// mmcv's roi_align). A region is (image, x₁, y₁, x₂, y₂). A bin has ⌈side / bins⌉ points in each direction, or as many as given; one
/// without points is 0. Points farther than a pixel outside give 0 and count. ∂x spreads ∂y over the pixels by their shares;
/// regions get no gradient. No regions give an empty result.
/// </summary>
internal sealed class RoiAlign : Operator
{
    private readonly Tensor _x, _regions;
    private readonly RoiAlignRule _rule;

    private RoiAlign(Tensor x, Tensor regions, RoiAlignRule rule)
    {
        _x = x;
        _regions = Save(regions);
        _rule = rule;
    }

    public static Tensor Forward(Tensor x, Tensor regions, RoiAlignRule rule)
    {
        if (x.Rank != 4 || regions.Rank != 2 || regions.Shape[1] != 5)
            throw new ArgumentException($"RoIAlign takes maps (B, H, W, C) and regions (n, 5); got {x.Shape} and {regions.Shape}.");
        Tape.RequireUntracked("The regions of RoIAlign", regions);
        Tensor y = x.Device.Empty([regions.Shape[0], rule.Height, rule.Width, x.Shape[3]]);
        x.Device.Run(new Call(x, regions, rule, y));
        return Tape.IsRecording(x) ? Tape.Record(new RoiAlign(x, regions, rule), y) : y;
    }

    protected internal override void Backward(Tensor dy)
    {
        Tensor? dx = NewGradient(_x);
        if (dx is null)
            return;
        dy.Device.Run(new BackwardCall(dy, _regions, _rule, dx));
        Accumulate(_x, dx);
    }

    internal readonly record struct Call(Tensor X, Tensor Regions, RoiAlignRule Rule, Tensor Y) : IDeviceCall
    {
        public string Name => nameof(RoiAlign);

        public void Describe(ref CallDescription call)
        {
            call.Writes(Y);
            call.Reads(X);
            call.Reads(Regions);
        }

        public unsafe void OnCpu() => Kernels.RoiAlign.Forward(X.Data, X.Shape, Regions.Data, Regions.Shape[0], Rule, Y.Data);
    }

    internal readonly record struct BackwardCall(Tensor Dy, Tensor Regions, RoiAlignRule Rule, Tensor Dx) : IDeviceCall
    {
        public string Name => "RoiAlignBackward";

        public void Describe(ref CallDescription call)
        {
            call.Writes(Dx);
            call.Reads(Dy);
            call.Reads(Regions);
        }

        public unsafe void OnCpu() => Kernels.RoiAlign.Backward(Dy.Data, Regions.Data, Regions.Shape[0], Rule, Dx.Data, Dx.Shape);
    }
}
