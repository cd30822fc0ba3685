using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Segmentation.Networks;

namespace PolaFormer.Segmentation.Tests;

/// <summary>Networks of a few thousand parameters.</summary>
internal static class TinySegmenter
{
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
