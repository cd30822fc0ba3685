using PolaFormer.Detection.Boxes;
using PolaFormer.Models;
using PolaFormer.Models.Necks;

namespace PolaFormer.Detection.Configuration;

/// <summary>The published detectors around a backbone, by the configurations of mmdetection and of PolaFormer++.</summary>
internal static class DetectorParts
{
    private const int Channels = 256;

    /// <summary>A RetinaNet.</summary>
    public static DetectorConfig Retina(VisionModelConfig network, int[]? stages = null, int classes = 80, int channels = Channels, int convolutions = 4)
    {
        int[] widths = Widths(network, stages);
        return new DetectorConfig
        {
            Backbone = new BackboneConfig { Network = network, Options = new FeatureExtractorOptions { Stages = stages } },
            Neck = new FpnConfig { InChannels = widths, OutChannels = channels, Outputs = 5, StartLevel = widths.Length == 4 ? 1 : 0, Extra = ExtraLevels.OnInput },
            Retina = new RetinaConfig
            {
                NumClasses = classes,
                InChannels = channels,
                StackedConvolutions = convolutions,
                FeatureChannels = channels,
                Anchors = new AnchorGenerator { Strides = [8, 16, 32, 64, 128], Ratios = [0.5f, 1, 2], Scales = AnchorGenerator.OctaveScales(4, 3) },
                Training = new DenseTraining { Assigner = new MaxIoUAssigner { PositiveOverlap = 0.5f, NegativeOverlap = 0.4f } },
                Detections = new ProposalRule { BestOfLevel = 1000, OverlapBound = 0.5f, MaxPerImage = 100, ScoreBound = 0.05f },
            },
        };
    }

    /// <summary>A Mask R-CNN.</summary>
    public static DetectorConfig MaskRcnn(VisionModelConfig network, int[]? stages = null, int classes = 80) => TwoStage(network, stages) with
    {
        Rpn = Proposer(new BoxLoss(), border: -1, most: 1000),
        Regions = Regions(classes) with
        {
            BoxHeads = [new BoxHeadConfig { NumClasses = classes, InChannels = Channels, Coder = new BoxCoder((0.1f, 0.1f, 0.2f, 0.2f)) }],
            StageWeights = [1],
            Training = [Stage(0.5f, matchesLowQuality: true)],
        },
    };

    /// <summary>A Cascade Mask R-CNN with convolutions in its box heads.</summary>
    public static DetectorConfig Cascade(VisionModelConfig network, int[]? stages = null, int classes = 80)
    {
        BoxHeadConfig Head(float centre, float size) => new()
        {
            NumClasses = classes,
            InChannels = Channels,
            Convolutions = 4,
            LinearLayers = 1,
            HasNorm = true,
            ComparesDecoded = true,
            Coder = new BoxCoder((centre, centre, size, size)),
            BoxLoss = new BoxLoss { IsGeneralizedOverlap = true, Weight = 10 },
        };
        return TwoStage(network, stages) with
        {
            Rpn = Proposer(new BoxLoss { Beta = 1f / 9 }, border: 0, most: 2000),
            Regions = Regions(classes) with
            {
                IsCascade = true,
                BoxHeads = [Head(0.1f, 0.2f), Head(0.05f, 0.1f), Head(0.033f, 0.067f)],
                StageWeights = [1, 0.5f, 0.25f],
                Training = [Stage(0.5f, false), Stage(0.6f, false), Stage(0.7f, false)],
            },
        };
    }

    /// <summary>A Mask R-CNN of fewer channels, proposals and regions.</summary>
    public static DetectorConfig Reduced(DetectorConfig full, int channels, int proposals, int regions)
    {
        RegionHeadConfig heads = full.Regions!;
        ProposalRule Fewer(ProposalRule rule) => rule with { BestOfLevel = proposals, MaxPerImage = proposals };
        return full with
        {
            Neck = full.Neck with { OutChannels = channels },
            Rpn = full.Rpn! with { InChannels = channels, FeatureChannels = channels, TrainingProposals = Fewer(full.Rpn.TrainingProposals!), Proposals = Fewer(full.Rpn.Proposals) },
            Regions = heads with
            {
                BoxHeads = [.. heads.BoxHeads.Select(head => head with { InChannels = channels, ConvolutionChannels = channels, LinearWidth = 4 * channels })],
                MaskHead = heads.MaskHead! with { InChannels = channels, Channels = channels },
                Training = [.. heads.Training!.Select(stage => stage with { Sampler = stage.Sampler with { Count = regions } })],
            },
        };
    }

    private static DetectorConfig TwoStage(VisionModelConfig network, int[]? stages) => new()
    {
        Backbone = new BackboneConfig { Network = network, Options = new FeatureExtractorOptions { Stages = stages } },
        Neck = new FpnConfig { InChannels = Widths(network, stages), OutChannels = Channels, Outputs = 5 },
    };

    private static RpnConfig Proposer(BoxLoss loss, int border, int most) => new()
    {
        InChannels = Channels,
        FeatureChannels = Channels,
        Anchors = new AnchorGenerator { Strides = [4, 8, 16, 32, 64], Ratios = [0.5f, 1, 2], Scales = [8] },
        BoxLoss = loss,
        Training = new DenseTraining
        {
            Assigner = new MaxIoUAssigner { PositiveOverlap = 0.7f, NegativeOverlap = 0.3f, MinimalPositiveOverlap = 0.3f },
            Sampler = new RandomSampler { Count = 256, PositivePart = 0.5f },
            AllowedBorder = border,
        },
        TrainingProposals = new ProposalRule { BestOfLevel = 2000, OverlapBound = 0.7f, MaxPerImage = most },
        Proposals = new ProposalRule { BestOfLevel = 1000, OverlapBound = 0.7f, MaxPerImage = 1000 },
    };

    private static RegionHeadConfig Regions(int classes) => new()
    {
        BoxHeads = [],
        StageWeights = [],
        BoxPooling = new RegionPooling { Size = 7, Strides = [4, 8, 16, 32] },
        MaskPooling = new RegionPooling { Size = 14, Strides = [4, 8, 16, 32] },
        MaskHead = new MaskHeadConfig { NumClasses = classes, InChannels = Channels, Channels = Channels },
    };

    private static RegionTraining Stage(float overlap, bool matchesLowQuality) => new()
    {
        Assigner = new MaxIoUAssigner { PositiveOverlap = overlap, NegativeOverlap = overlap, MinimalPositiveOverlap = overlap, MatchesLowQuality = matchesLowQuality },
        Sampler = new RandomSampler { Count = 512, PositivePart = 0.25f, AddsObjects = true },
    };

    private static int[] Widths(VisionModelConfig network, int[]? stages)
    {
        int[] all = network switch
        {
            PolaFormerPlusPlusConfig pyramid => [.. pyramid.EmbedDims],
            PvtConfig pyramid => [.. pyramid.EmbedDims],
            SwinConfig swin => [.. swin.Depths.Select((_, i) => swin.EmbedDim << i)],
            _ => throw new ArgumentException("Detectors stand on PolaFormer++, PVT or Swin.", nameof(network)),
        };
        return stages is null ? all : [.. stages.Select(stage => all[stage])];
    }
}
