using PolaFormer.Detection.Boxes;
using PolaFormer.Models;
using PolaFormer.Models.Necks;

namespace PolaFormer.Detection.Configuration;

/// <summary>What a detector is made from: with a RetinaNet head, or with a proposal network and a region head.</summary>
public sealed record DetectorConfig
{
    /// <summary>Configurations as text.</summary>
    public static DenseConfigJson<DetectorConfig> Json { get; } = new(
        DetectorConfigContext.Default,
        JsonDefaults.Example<BackboneConfig>(),
        JsonDefaults.Example<FeatureExtractorOptions>(),
        JsonDefaults.Example<FpnConfig>(),
        JsonDefaults.Example<RetinaConfig>(),
        JsonDefaults.Example<RpnConfig>(),
        JsonDefaults.Example<RegionHeadConfig>(),
        JsonDefaults.Example<BoxHeadConfig>(),
        JsonDefaults.Example<MaskHeadConfig>(),
        JsonDefaults.Example<RegionPooling>(),
        JsonDefaults.Example<RegionTraining>(),
        JsonDefaults.Example<BoxLoss>(),
        JsonDefaults.Example<DenseTraining>(),
        JsonDefaults.Example<ProposalRule>(),
        JsonDefaults.Example<AnchorGenerator>(),
        JsonDefaults.Example<MaxIoUAssigner>(),
        JsonDefaults.Example<RandomSampler>());

    /// <summary>The backbone.</summary>
    public required BackboneConfig Backbone { get; init; }

    /// <summary>The pyramid.</summary>
    public required FpnConfig Neck { get; init; }

    /// <summary>The head of a RetinaNet; null for others.</summary>
    public RetinaConfig? Retina { get; init; }

    /// <summary>The proposal network of a two-stage detector; null for others.</summary>
    public RpnConfig? Rpn { get; init; }

    /// <summary>The region head of a two-stage detector; null for others.</summary>
    public RegionHeadConfig? Regions { get; init; }

    /// <summary>The same network for another number of classes.</summary>
    public DetectorConfig WithClasses(int classes) => this with
    {
        Retina = Retina is null ? null : Retina with { NumClasses = classes },
        Regions = Regions is null ? null : Regions with
        {
            BoxHeads = [.. Regions.BoxHeads.Select(head => head with { NumClasses = classes })],
            MaskHead = Regions.MaskHead is null ? null : Regions.MaskHead with { NumClasses = classes },
        },
    };

    /// <summary>Makes the network with undefined weights.</summary>
    public Detector Create() => Retina is not null ? new RetinaNet(this) : new RegionDetector(this);
}
