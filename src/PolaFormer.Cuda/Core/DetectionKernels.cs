using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Core;

/// <summary>Losses of elements, boxes, and regions of maps (detection.cu).</summary>
internal static class DetectionKernels
{
    /// <summary>Binary cross-entropy of logits, or its gradient times dy where that is not 0.</summary>
    public static void SigmoidCrossEntropy(IKernelQueue queue, nint logits, nint targets, nint dy, nint y, long count) =>
        Launch(queue, "sigmoid_cross_entropy", count, new LossArguments { X = logits, Targets = targets, DY = dy, Y = y, Count = count });

    /// <summary>Smooth L1, or its gradient times dy where that is not 0.</summary>
    public static void SmoothL1(IKernelQueue queue, nint x, nint targets, float beta, nint dy, nint y, long count) =>
        Launch(queue, "smooth_l1", count, new LossArguments { X = x, Targets = targets, DY = dy, Y = y, Count = count, Gamma = beta });

    /// <summary>Focal loss of (rows, classes) for a label of 64 bits a row, or its gradient times dy where that is not 0.</summary>
    public static void FocalLoss(IKernelQueue queue, nint logits, nint labels, float gamma, float alpha, nint dy, nint y, long rows, int classes) => Launch(
        queue, "focal_loss", rows * classes,
        new LossArguments { X = logits, Labels = labels, DY = dy, Y = y, Count = rows * classes, Classes = classes, Gamma = gamma, Alpha = alpha });

    /// <summary>Boxes of deltas (count × groups × 4).</summary>
    public static void DecodeBoxes(IKernelQueue queue, nint boxes, nint deltas, in BoxDecodeRule rule, nint y, int count, int groups) =>
        Launch(queue, "decode_boxes", (long)count * groups, new BoxDecodeArguments(boxes, deltas, rule, count, groups) { Y = y });

    /// <summary>The gradients of boxes and deltas.</summary>
    public static void DecodeBoxesGradient(
        IKernelQueue queue, nint boxes, nint deltas, in BoxDecodeRule rule, nint dy, nint dboxes, nint ddeltas, int count, int groups) => Launch(
        queue, "decode_boxes_gradient", count, new BoxDecodeArguments(boxes, deltas, rule, count, groups) { DY = dy, DBoxes = dboxes, DDeltas = ddeltas });

    /// <summary>Overlaps of all pairs of boxes, or of pairs that lie beside each other.</summary>
    public static void BoxOverlaps(IKernelQueue queue, nint a, int count, nint b, int others, OverlapMode mode, bool aligned, nint y) => Launch(
        queue, "box_overlaps", aligned ? count : (long)count * others,
        new OverlapArguments { A = a, B = b, Y = y, Count = count, Others = others, Mode = (int)mode, Aligned = aligned ? 1 : 0 });

    /// <summary>The gradients of both lists.</summary>
    public static void BoxOverlapsGradient(
        IKernelQueue queue, nint a, int count, nint b, int others, OverlapMode mode, bool aligned, nint dy, nint da, nint db)
    {
        var arguments = new OverlapArguments { A = a, B = b, DY = dy, Count = count, Others = others, Mode = (int)mode, Aligned = aligned ? 1 : 0 };
        Launch(queue, "box_overlaps_gradient", count, arguments with { Y = da });
        Launch(queue, "box_overlaps_gradient", others, arguments with { Y = db, OfSecond = 1 });
    }

    /// <summary>Means over the bins of regions of a map (batch, height, width, channels).</summary>
    public static void PoolRegions(IKernelQueue queue, nint x, Shape map, nint regions, int count, in RoiAlignRule rule, nint y) => Launch(
        queue, "pool_regions", (long)count * rule.Height * rule.Width * map[3], new RegionArguments(map, regions, count, rule) { X = x, Y = y });

    /// <summary>∂x.</summary>
    public static void PoolRegionsGradient(IKernelQueue queue, nint dy, Shape map, nint regions, int count, in RoiAlignRule rule, nint dx) =>
        Launch(queue, "pool_regions_gradient", map.Count, new RegionArguments(map, regions, count, rule) { X = dy, Y = dx });

    private static void Launch<T>(IKernelQueue queue, string kernel, long threads, in T arguments) where T : unmanaged =>
        queue.Launch("detection", kernel, LaunchShape.Filling(queue, threads), LaunchShape.Threads, 0, arguments);

    [StructLayout(LayoutKind.Sequential)]
    private struct LossArguments
    {
        public nint X, Targets, DY, Labels, Y;
        public long Count;
        public int Classes;
        public float Gamma, Alpha;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct BoxDecodeArguments
    {
        private readonly nint _boxes, _deltas;
        public nint DY, Y, DBoxes, DDeltas;
        private readonly int _count, _groups;
        private readonly Four _deviation, _mean;
        private readonly float _width, _height;

        public BoxDecodeArguments(nint boxes, nint deltas, in BoxDecodeRule rule, int count, int groups)
        {
            (_boxes, _deltas, _count, _groups, _width, _height) = (boxes, deltas, count, groups, rule.Width, rule.Height);
            (_deviation[0], _deviation[1], _deviation[2], _deviation[3]) = rule.Deviation;
            (_mean[0], _mean[1], _mean[2], _mean[3]) = rule.Mean;
        }
    }

    [InlineArray(4)]
    private struct Four
    {
        private float _first;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OverlapArguments
    {
        public nint A, B, DY, Y;
        public int Count, Others, Mode, Aligned, OfSecond;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct RegionArguments(Shape map, nint regions, int count, in RoiAlignRule rule)
    {
        public nint X;
        private readonly nint _regions = regions;
        public nint Y;
        private readonly int _batch = map[0], _height = map[1], _width = map[2], _channels = map[3];
        private readonly int _count = count, _rows = rule.Height, _columns = rule.Width, _sampling = rule.SamplingRatio, _aligned = rule.IsAligned ? 1 : 0;
        private readonly float _scale = rule.Scale;
    }
}
