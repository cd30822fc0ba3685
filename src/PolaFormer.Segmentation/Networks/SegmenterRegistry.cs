using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.NN;
using PolaFormer.Segmentation.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Segmentation.Networks;

/// <summary>
/// The segmentation networks by name, those published first: PolaFormer++ with LightHam (the authors' configs/PolaPP), and those of PolaFormer's
/// table 2, whose configurations are the hosts' (PVT with Semantic FPN, Swin with UperNet), for the authors published none.
/// </summary>
public static class SegmenterRegistry
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SegmenterEntry> All { get; } =
    [
        new("polapp_b1_ham", LightHam("polaformer_pp_b1")),
        new("polapp_b2_ham", LightHam("polaformer_pp_b2")),
        new("polapp_b3_ham", LightHam("polaformer_pp_b3")),
        new("pola_pvt_t_semfpn", SemanticFpn("pola_pvt_tiny")) { PaperMeanIoU = 38.3, Recipe = SegmentationRecipe.PvtSemanticFpn },
        new("pola_pvt_s_semfpn", SemanticFpn("pola_pvt_small")) { PaperMeanIoU = 41.0, Recipe = SegmentationRecipe.PvtSemanticFpn },
        new("pola_swin_t_upernet", UperNet("pola_swin_tiny")) { PaperMeanIoU = 45.8, Recipe = SegmentationRecipe.SwinUperNet },

        // Ours: the other sizes with the same head, and one that learns on a processor.
        new("polapp_b0_ham", LightHam("polaformer_pp_b0")),
        new("polapp_b4_ham", LightHam("polaformer_pp_b4")),
        new("polapp_b5_ham", LightHam("polaformer_pp_b5")),
        new("polapp_nano_ham", Nano) { Recipe = SegmentationRecipe.PlusPlus with { Iterations = 2000, BatchSize = 8, Interval = 500, LearningRate = 1e-3, Keys = new Dictionary<string, CustomKey> { ["norm"] = new(DecayFactor: 0) } } },
        new("polapp_small_ham", Small) { Recipe = SegmentationRecipe.PlusPlus with { Iterations = 3000, BatchSize = 16, Interval = 250, LearningRate = 3e-4, Keys = new Dictionary<string, CustomKey> { ["norm"] = new(DecayFactor: 0), ["head"] = new(RateFactor: 3) } } },
    ];

    // The backbone of polaformer_pp_cifar_2m, whose maps have strides 2, 4 and 8: for photographs of about 160 pixels.
    private static SegmenterConfig Small
    {
        get
        {
            var config = (PolaFormerPlusPlusConfig)ModelRegistry.Find("polaformer_pp_cifar_2m").Config;
            return new SegmenterConfig
            {
                Backbone = config,
                Head = new LightHamHeadConfig
                {
                    InChannels = config.EmbedDims,
                    InIndex = [0, 1, 2],
                    Channels = 128,
                    HamChannels = 128,
                    Factorization = new FactorizationOptions { Rank = 16 },
                    Norm = NormKind.Group,
                    NormGroups = 8,
                },
            };
        }
    }

    // Its head works at a quarter of the image's sides. Batch norms learn from the batch: there are no weights of a classifier to keep the statistics of.
    private static SegmenterConfig Nano => new()
    {
        Backbone = PolaFormerPlusPlusConfig.Nano,
        Head = new LightHamHeadConfig
        {
            InChannels = PolaFormerPlusPlusConfig.Nano.EmbedDims,
            InIndex = [0, 1, 2, 3],
            Channels = 96,
            HamChannels = 96,
            Factorization = new FactorizationOptions { Rank = 16 },
            Norm = NormKind.Group,
            NormGroups = 8,
        },
    };

    /// <summary>The network of a name; null for none.</summary>
    public static SegmenterEntry? TryFind(string name) => All.FirstOrDefault(entry => string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The network of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those there are.</exception>
    public static SegmenterEntry Find(string name) =>
        TryFind(name) ?? throw new ArgumentException($"There is no segmentation network '{name}'. Known: {string.Join(", ", All.Select(entry => entry.Name))}.", nameof(name));

    /// <summary>PolaFormer++ with LightHam: maps of strides 8, 16 and 32.</summary>
    public static SegmenterConfig LightHam(string backbone)
    {
        var config = (PolaFormerPlusPlusConfig)ModelRegistry.Find(backbone).Config;
        return new SegmenterConfig
        {
            Backbone = config,
            KeepsStatistics = true,
            Head = new LightHamHeadConfig
            {
                InChannels = [.. config.EmbedDims.Skip(1)],
                InIndex = [1, 2, 3],
                Channels = 512,
                HamChannels = 512,
                Factorization = new FactorizationOptions { Rank = 16 },
                Norm = NormKind.Group,
            },
        };
    }

    /// <summary>A PVT with a feature pyramid and Semantic FPN.</summary>
    public static SegmenterConfig SemanticFpn(string backbone)
    {
        PvtConfig config = ((PvtConfig)ModelRegistry.Find(backbone).Config).ForDensePrediction();
        return new SegmenterConfig
        {
            Backbone = config,
            Neck = new FpnConfig { InChannels = config.EmbedDims, OutChannels = 256, Outputs = 4 },
            Head = new SemanticFpnHeadConfig { InChannels = [256, 256, 256, 256], InIndex = [0, 1, 2, 3], Channels = 128 },
        };
    }

    /// <summary>A Swin with UperNet, and an FCN on its third map in training.</summary>
    public static SegmenterConfig UperNet(string backbone)
    {
        SwinConfig config = ((SwinConfig)ModelRegistry.Find(backbone).Config).ForDensePrediction() with { DropPathRate = 0.3f };
        int[] channels = [.. config.Depths.Select((_, stage) => config.EmbedDim << stage)];
        return new SegmenterConfig
        {
            Backbone = config,
            Head = new UperHeadConfig { InChannels = channels, InIndex = [0, 1, 2, 3], Channels = 512 },
            AuxiliaryHead = new FcnHeadConfig { InChannels = [channels[2]], InIndex = [2], Channels = 256, NumConvs = 1, ConcatInput = false, LossWeight = 0.4f },
        };
    }
}
