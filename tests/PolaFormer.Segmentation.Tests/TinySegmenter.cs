using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.NN;
using PolaFormer.Segmentation.Networks;

namespace PolaFormer.Segmentation.Tests;

/// <summary>Networks of a few thousand parameters.</summary>
internal static class TinySegmenter
{
    /// <summary>A network of each kind of head, for five classes.</summary>
    public static IReadOnlyDictionary<string, SegmenterConfig> All { get; } = new Dictionary<string, SegmenterConfig>
    {
        ["light ham"] = LightHam(5),
        ["semantic fpn"] = new()
        {
            Backbone = new PvtConfig { ImageSize = 64, EmbedDims = [8, 16, 24, 32], NumHeads = [1, 2, 3, 4], MlpRatios = [2, 2, 2, 2], Depths = [1, 1, 1, 1], AttnType = "LLLL", DropPathRate = 0 },
            Neck = new FpnConfig { InChannels = [8, 16, 24, 32], OutChannels = 12, Outputs = 5 },
            Head = new SemanticFpnHeadConfig { InChannels = [12, 12, 12, 12], InIndex = [0, 1, 2, 3], Channels = 8, NumClasses = 5 },
        },
        ["upernet"] = new()
        {
            Backbone = new SwinConfig { EmbedDim = 8, Depths = [1, 1, 2, 1], NumHeads = [1, 2, 4, 4], Windows = [8, 4, 3, 3], AttnType = "LLSS", MlpRatio = 2, DropPathRate = 0 },
            Head = new UperHeadConfig { InChannels = [8, 16, 32, 64], InIndex = [0, 1, 2, 3], Channels = 8, NumClasses = 5 },
            AuxiliaryHead = new FcnHeadConfig { InChannels = [32], InIndex = [2], Channels = 6, NumConvs = 2, ConcatInput = true, NumClasses = 5, LossWeight = 0.4f },
        },
    };

    /// <summary>PolaFormer++ with LightHam.</summary>
    public static SegmenterConfig LightHam(int classes) => new()
    {
        Backbone = new PolaFormerPlusPlusConfig
        {
            EmbedDims = [8, 16, 16, 16],
            Depths = [1, 1, 1, 1],
            NumHeads = [1, 2, 2, 2],
            MlpRatios = [2, 2, 2, 2],
            DropPathRate = 0,
        },
        KeepsStatistics = true,
        Head = new LightHamHeadConfig
        {
            InChannels = [16, 16, 16],
            InIndex = [1, 2, 3],
            Channels = 16,
            HamChannels = 16,
            Factorization = new FactorizationOptions { Rank = 4 },
            Norm = NormKind.Group,
            NormGroups = 4,
            NumClasses = classes,
            DropoutRatio = 0,
        },
    };
}
