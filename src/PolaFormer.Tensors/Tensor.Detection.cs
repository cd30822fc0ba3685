namespace PolaFormer.Tensors;

// Operators of object detection. Formulas, gradients and edge cases are in Ops/, one file a family.
public unsafe partial class Tensor
{
    /// <summary>Means over the bins of regions of these maps (B, H, W, C).</summary>
    /// <param name="regions">(n, 5): image, x₁, y₁, x₂, y₂; constants.</param>
    /// <param name="rule">Extent of the result, scale and sample points.</param>
    /// <returns>(n, height, width, C).</returns>
    public Tensor RoiAlign(Tensor regions, RoiAlignRule rule) => Ops.RoiAlign.Forward(this, regions, rule);

    /// <summary>Boxes from these deltas (n, 4·k) against boxes (n, 4).</summary>
    public Tensor DecodeBoxes(Tensor boxes, BoxDecodeRule rule) => Ops.BoxDecode.Forward(boxes, this, rule);

    /// <summary>The overlap of every box of these (n, 4) with every other (m, 4): (n, m).</summary>
    public Tensor BoxOverlaps(Tensor others, OverlapMode mode) => Ops.BoxOverlaps.Forward(this, others, mode, isAligned: false);

    /// <summary>The overlap of each of these boxes (n, 4) with the other (n, 4) of its row: (n).</summary>
    public Tensor PairedBoxOverlaps(Tensor others, OverlapMode mode) => Ops.BoxOverlaps.Forward(this, others, mode, isAligned: true);

    /// <summary>Sigmoid focal loss of each of these logits (rows, classes).</summary>
    /// <param name="labels">Int64 (rows); the number of classes means none.</param>
    /// <param name="gamma">Power that weakens what is classified well.</param>
    /// <param name="alpha">Weight of the class's own logit; 1 − α of the others.</param>
    public Tensor FocalLoss(Tensor labels, float gamma = 2, float alpha = 0.25f) => Ops.FocalLoss.Forward(this, labels, gamma, alpha);

    /// <summary>Binary cross-entropy of each of these logits against a target in [0, 1].</summary>
    public Tensor SigmoidCrossEntropy(Tensor targets) => Ops.SigmoidCrossEntropy.Forward(this, targets);

    /// <summary>|x − t|, below <paramref name="beta"/> its square over 2·β.</summary>
    public Tensor SmoothL1(Tensor targets, float beta = 0) => Ops.SmoothL1.Forward(this, targets, beta);
}
