using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

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
    public override ImageDetections[] Detect(Tensor images, IReadOnlyList<ImageInfo> infos)
    {
        using var scope = MemoryScope.Enter();
        return Head.Detections(Head.ForwardMaps(ForwardMaps(images)), infos);
    }

    internal NamedLoss[] TrainingLosses(Tensor images, IReadOnlyList<ImageInfo> infos, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute, out DenseTargets[] targets)
    {
        LevelOutputs[] levels = Head.ForwardMaps(ForwardMaps(images));
        targets = Head.Targets(levels, infos, objects, permute);
        (NamedLoss classes, NamedLoss boxes) = Head.Losses(levels, targets, "loss_cls", "loss_bbox");
        return [classes, boxes];
    }
}
