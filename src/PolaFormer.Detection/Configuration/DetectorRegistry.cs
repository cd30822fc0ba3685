using PolaFormer.Models;

namespace PolaFormer.Detection.Configuration;

/// <summary>
/// The published detectors by name: those of PolaFormer++, mmdetection's on Swin and PVT, and the paper's on Pola-Swin and Pola-PVT,
/// whose configurations are not published and follow mmdetection's.
/// </summary>
public static class DetectorRegistry
{
    private static readonly int[] s_all = [0, 1, 2, 3];

    private static readonly DetectionRecipe s_plain = new() { WeightDecay = 1e-4, SparesNorms = false };
    private static readonly DetectionRecipe s_grouped = new();
    private static readonly DetectionRecipe s_swin = new() { WarmupSteps = 1000 };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<DetectorEntry> All { get; } =
    [
        .. new[] { "b2", "b3", "b4", "b5" }.SelectMany(MaskRcnnPlusPlus),
        new("retinanet_b2_1x", DetectorParts.Retina(PlusPlus("b2"), s_all), s_plain),
        new("retinanet_b3_1x", DetectorParts.Retina(PlusPlus("b3"), s_all), s_plain),
        new("cascade_b3", DetectorParts.Cascade(PlusPlus("b3")), null),
        new("retinanet_pvt_t_1x", DetectorParts.Retina(Pvt([2, 2, 2, 2], "SSSS"), s_all), s_plain) { PaperBoxPrecision = 36.7 },
        new("retinanet_pvt_s_1x", DetectorParts.Retina(Pvt([3, 4, 6, 3], "SSSS"), s_all), s_plain) { PaperBoxPrecision = 40.4 },
        new("maskrcnn_pvt_t_1x", DetectorParts.MaskRcnn(Pvt([2, 2, 2, 2], "SSSS"), s_all), s_plain with { BaseRate = 2e-4 }) { PaperBoxPrecision = 36.7, PaperMaskPrecision = 35.1 },
        new("maskrcnn_pvt_s_1x", DetectorParts.MaskRcnn(Pvt([3, 4, 6, 3], "SSSS"), s_all), s_plain with { BaseRate = 2e-4 }) { PaperBoxPrecision = 40.4, PaperMaskPrecision = 37.8 },
        new("retinanet_pola_pvt_t_1x", DetectorParts.Retina(Pvt([2, 2, 2, 2], "LLSS"), s_all), s_plain) { PaperBoxPrecision = 39.5 },
        new("retinanet_pola_pvt_s_1x", DetectorParts.Retina(Pvt([3, 4, 6, 3], "LLSS"), s_all), s_plain) { PaperBoxPrecision = 43.2 },
        new("maskrcnn_pola_pvt_t_1x", DetectorParts.MaskRcnn(Pvt([2, 2, 2, 2], "LLSS"), s_all), s_plain) { PaperBoxPrecision = 40.4, PaperMaskPrecision = 37.4 },
        new("maskrcnn_pola_pvt_s_1x", DetectorParts.MaskRcnn(Pvt([3, 4, 6, 3], "LLSS"), s_all), s_plain) { PaperBoxPrecision = 43.9, PaperMaskPrecision = 40.2 },
        new("maskrcnn_swin_t_1x", DetectorParts.MaskRcnn(SwinTiny("SSSS"), s_all), s_swin) { PaperBoxPrecision = 43.7, PaperMaskPrecision = 39.8 },
        new("maskrcnn_swin_t_3x", DetectorParts.MaskRcnn(SwinTiny("SSSS"), s_all), s_swin.Long) { PaperBoxPrecision = 46.0, PaperMaskPrecision = 41.6 },
        new("cascade_swin_t_3x", DetectorParts.Cascade(SwinTiny("SSSS"), s_all), s_swin.Long) { PaperBoxPrecision = 50.4, PaperMaskPrecision = 43.7 },
        new("retinanet_swin_t_1x", DetectorParts.Retina(SwinTiny("SSSS"), [1, 2, 3]), s_plain with { BaseRate = 0.01, Momentum = 0.9 }),
        new("maskrcnn_pola_swin_t_1x", DetectorParts.MaskRcnn(SwinTiny("LLSS"), s_all), s_swin) { PaperBoxPrecision = 44.8, PaperMaskPrecision = 40.5 },
        new("maskrcnn_pola_swin_t_3x", DetectorParts.MaskRcnn(SwinTiny("LLSS"), s_all), s_swin.Long) { PaperBoxPrecision = 47.0, PaperMaskPrecision = 42.3 },
        new("cascade_pola_swin_t_3x", DetectorParts.Cascade(SwinTiny("LLSS"), s_all), s_swin.Long) { PaperBoxPrecision = 51.1, PaperMaskPrecision = 44.4 },

        // Ours, for trying out on a processor.
        new("retinanet_nano", DetectorParts.Retina(PolaFormerPlusPlusConfig.Nano, channels: 64, convolutions: 2), s_grouped with { BaseRate = 4e-3 }),
        new("maskrcnn_nano", DetectorParts.Reduced(DetectorParts.MaskRcnn(PolaFormerPlusPlusConfig.Nano with { EmbedDims = [32, 64, 96, 128], NumHeads = [1, 2, 3, 4] }, s_all), channels: 64, proposals: 100, regions: 32), s_grouped with { BaseRate = 2e-3, WeightDecay = 0.01 }),
    ];

    /// <summary>The detector of a name; null for none.</summary>
    public static DetectorEntry? TryFind(string name) => All.FirstOrDefault(entry => string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The detector of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those there are.</exception>
    public static DetectorEntry Find(string name) => TryFind(name)
        ?? throw new ArgumentException($"There is no detector '{name}'. Registered: {string.Join(", ", All.Select(entry => entry.Name))}.");

    private static IEnumerable<DetectorEntry> MaskRcnnPlusPlus(string size)
    {
        DetectorConfig config = DetectorParts.MaskRcnn(PlusPlus(size), s_all);
        yield return new DetectorEntry($"maskrcnn_{size}_1x", config, s_grouped);
        if (size != "b5")
            yield return new DetectorEntry($"maskrcnn_{size}_3x", config, s_grouped.Long);
    }

    // The backbones of the detection code have wider feed-forward parts than the smaller classifiers, and scale every branch.
    private static PolaFormerPlusPlusConfig PlusPlus(string size)
    {
        var published = (PolaFormerPlusPlusConfig)ModelRegistry.Find($"polaformer_pp_{size}").Config;
        return published with { MlpRatios = [3.5f, 3.5f, 3.5f, 3.5f], LayerScales = [true, true, true, true], LayerInitValues = size == "b4" ? [1, 1, 1e-6f, 1e-6f] : size == "b5" ? [1e-6f, 1e-6f, 1e-6f, 1e-6f] : [1, 1, 1, 1] };
    }

    private static PvtConfig Pvt(int[] depths, string attention) => new() { Depths = depths, AttnType = attention, DropPathRate = 0.1f, InnerEps = attention == "SSSS" ? 1e-6f : null };

    private static SwinConfig SwinTiny(string attention)
    {
        var published = (SwinConfig)ModelRegistry.Find(attention == "SSSS" ? "swin_tiny" : "pola_swin_tiny").Config;
        return published with { AttnType = attention, DropPathRate = 0.2f, Windows = published.ForDensePrediction().Windows };
    }
}
