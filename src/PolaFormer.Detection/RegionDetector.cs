using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Tensors;

namespace PolaFormer.Detection;

/// <summary>A detector that proposes regions and then looks at each: Mask R-CNN and Cascade Mask R-CNN.</summary>
public sealed class RegionDetector : Detector
{
    /// <summary>Makes the network with undefined weights.</summary>
    public RegionDetector(DetectorConfig config)
        : base(config)
    {
        Proposer = AddChild("rpn_head", new RpnHead(config.Rpn ?? throw new ArgumentException("A two-stage detector has a proposal network.", nameof(config))));
        Regions = AddChild("roi_head", new RegionHead(config.Regions ?? throw new ArgumentException("A two-stage detector has a region head.", nameof(config))));
    }

    /// <summary>The proposal network.</summary>
    public RpnHead Proposer { get; }

    /// <summary>The region head.</summary>
    public RegionHead Regions { get; }

    /// <inheritdoc/>
    public override int NumClasses => Regions.NumClasses;

    /// <inheritdoc/>
    public override bool HasMasks => Config.Regions!.MaskHead is not null;

    /// <inheritdoc/>
    public override NamedLoss[] TrainingLosses(Tensor images, IReadOnlyList<ImageInfo> infos, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute) =>
        TrainingLosses(images, infos, objects, permute, out _, out _);

    /// <inheritdoc/>
    internal override Tensor[] ForwardDense(Tensor images)
    {
        Tensor[] maps = ForwardMaps(images);
        return [.. maps, .. LevelOutputs.ToTensors(Proposer.ForwardMaps(maps))];
    }

    /// <inheritdoc/>
    internal override ImageDetections[] Detect(Tensor[] dense, IReadOnlyList<ImageInfo> infos)
    {
        // A map, and two outputs of it.
        Tensor[] maps = dense[..(dense.Length / 3)];
        Box[][] proposals = [.. Proposer.Proposals(LevelOutputs.FromTensors(dense[maps.Length..]), infos).Select(found => found.Boxes)];
        return Regions.Detections(maps, infos, proposals);
    }

    internal NamedLoss[] TrainingLosses(
        Tensor images, IReadOnlyList<ImageInfo> infos, IReadOnlyList<ImageObjects> objects, Func<int, int[]> permute, out DenseTargets[] targets, out RegionStage[] stages)
    {
        Tensor[] maps = ForwardMaps(images);
        LevelOutputs[] levels = Proposer.ForwardMaps(maps);
        targets = Proposer.Targets(levels, infos, objects, permute);
        (NamedLoss classes, NamedLoss boxes) = Proposer.Losses(levels, targets, "loss_rpn_cls", "loss_rpn_bbox");
        Box[][] proposals = [.. Proposer.Proposals(levels, infos).Select(found => found.Boxes)];
        (NamedLoss[] losses, stages) = Regions.TrainingLosses(maps, infos, proposals, objects, permute);
        return [classes, boxes, .. losses];
    }
}
