using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Tensors;

namespace PolaFormer.Detection;

/// <summary>A detector of one stage (Lin et al., Focal Loss for Dense Object Detection, ICCV 2017).</summary>
public sealed class RetinaNet : Detector
{
    /// <summary>Makes the network with undefined weights.</summary>
    public RetinaNet(DetectorConfig config)
        : base(config) => Head = AddChild("bbox_head", new RetinaHead(config.Retina ?? throw new ArgumentException("A RetinaNet has a dense head.", nameof(config))));

    /// <summary>The head.</summary>
    public RetinaHead Head { get; }

    /// <inheritdoc/>
    public override int NumClasses => Head.NumClasses;

    /// <inheritdoc/>
    public override NamedLoss[] TrainingLosses(Tensor images, IReadOnlyList<ImageInfo> infos, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute) =>
        TrainingLosses(images, infos, objects, permute, out _);

    /// <inheritdoc/>
    internal override Tensor[] ForwardDense(Tensor images) => LevelOutputs.ToTensors(Head.ForwardMaps(ForwardMaps(images)));

    /// <inheritdoc/>
    internal override ImageDetections[] Detect(Tensor[] dense, IReadOnlyList<ImageInfo> infos) => Head.Detections(LevelOutputs.FromTensors(dense), infos);

    internal NamedLoss[] TrainingLosses(Tensor images, IReadOnlyList<ImageInfo> infos, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute, out DenseTargets[] targets)
    {
        LevelOutputs[] levels = Head.ForwardMaps(ForwardMaps(images));
        targets = Head.Targets(levels, infos, objects, permute);
        (NamedLoss classes, NamedLoss boxes) = Head.Losses(levels, targets, "loss_cls", "loss_bbox");
        return [classes, boxes];
    }
}
