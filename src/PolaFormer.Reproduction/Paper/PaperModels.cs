namespace PolaFormer.Reproduction.Paper;

/// <summary>A network in one of the paper's tables of image classification.</summary>
/// <param name="Label">Its row.</param>
/// <param name="Model">Name in the registry; null where the registry has none.</param>
/// <param name="Attention">Names of attentions put into it, one for each stage or one for all; none for its own.</param>
/// <param name="Parameters">Printed parameters.</param>
/// <param name="Flops">Printed FLOPs, which are multiply-accumulates.</param>
/// <param name="Top1">Printed accuracy in %.</param>
public sealed record PaperModel(string Label, string? Model, string[] Attention, string Parameters, string Flops, double Top1);

/// <summary>The paper's tables of image classification on ImageNet-1K.</summary>
public static class PaperModels
{
    private static readonly string[] s_own = [];

    /// <summary>Table 1: attentions in DeiT-T and Swin-T; of Swin the first two stages have the attention, as in the authors' configuration.</summary>
    public static IReadOnlyList<PaperModel> Table1 { get; } =
    [
        new("DeiT-T, softmax", "deit_tiny", s_own, "5.7 M", "1.1 G", 72.2),
        new("DeiT-T, Efficient", "deit_tiny", ["efficient"], "5.7 M", "1.1 G", 70.2),
        new("DeiT-T, Hydra", "deit_tiny", ["hydra"], "5.7 M", "1.1 G", 68.3),
        new("DeiT-T, Enhanced (EfficientViT)", "deit_tiny", ["relu-multiscale"], "5.8 M", "1.1 G", 72.9),
        new("DeiT-T, Angular", "deit_tiny", ["angular"], "5.7 M", "1.1 G", 70.8),
        new("DeiT-T, FLatten", "deit_tiny", ["focused"], "6.1 M", "1.1 G", 74.1),
        new("DeiT-T, Mobi", "deit_tiny", ["mobile"], "5.7 M", "1.2 G", 73.3),
        new("DeiT-T, PolaFormer", "pola_deit_tiny", s_own, "6.1 M", "1.2 G", 74.6),
        new("Swin-T, softmax", "swin_tiny", s_own, "28 M", "4.4 G", 81.2),
        new("Swin-T, Efficient", "pola_swin_tiny", Swin("efficient"), "29 M", "4.5 G", 81.0),
        new("Swin-T, Hydra", "pola_swin_tiny", Swin("hydra"), "29 M", "4.5 G", 80.7),
        new("Swin-T, Enhanced (EfficientViT)", "pola_swin_tiny", Swin("relu-multiscale"), "29 M", "4.5 G", 81.8),
        new("Swin-T, Angular", "pola_swin_tiny", Swin("angular"), "29 M", "4.5 G", 79.4),
        new("Swin-T, FLatten", "pola_swin_tiny", Swin("focused"), "29 M", "4.5 G", 82.1),
        new("Swin-T, PolaFormer", "pola_swin_tiny", s_own, "29 M", "4.5 G", 82.6),
    ];

    /// <summary>Table 3: parts of polarity attention taken away or exchanged, in DeiT-T. The paper prints accuracies alone.</summary>
    public static IReadOnlyList<PaperModel> Table3 { get; } =
    [
        new("deformable convolution", "pola_deit_tiny", ["polarity(local=deformable)"], "", "", 61.9),
        new("no polarity", "pola_deit_tiny", ["polarity(polar=false)"], "", "", 68.1),
        new("polarity, no gates", "pola_deit_tiny", ["polarity(gate=off)"], "", "", 72.8),
        new("polarity, gates, depthwise convolution", "pola_deit_tiny", s_own, "", "", 74.6),
    ];

    /// <summary>Table 5: networks of several sizes.</summary>
    public static IReadOnlyList<PaperModel> Table5 { get; } =
    [
        new("PVT-T", "pvt_tiny", s_own, "13 M", "1.9 G", 75.1),
        new("FLatten-PVT-T", "pola_pvt_tiny", ["focused"], "11 M", "1.9 G", 77.8),
        new("PolaFormer-PVT-T", "pola_pvt_tiny", s_own, "12 M", "2.0 G", 78.8),
        new("PVT-S", "pvt_small", s_own, "25 M", "3.8 G", 79.8),
        new("FLatten-PVT-S", "pola_pvt_small", ["focused"], "22 M", "4.0 G", 81.7),
        new("PolaFormer-PVT-S", "pola_pvt_small", s_own, "21 M", "4.1 G", 81.9),
        new("PVTv2-b0", "pvt_v2_b0", s_own, "3.7 M", "0.5 G", 70.5),
        new("FLatten-PVTv2-b0", "pola_pvt_v2_b0", ["focused"], "3.2 M", "0.6 G", 71.1),
        new("Mobi-PVTv2-b0", "pola_pvt_v2_b0", ["mobile"], "3.5 M", "0.6 G", 71.5),
        new("PolaFormer-PVTv2-b0", "pola_pvt_v2_b0", s_own, "3.4 M", "0.6 G", 72.3),
        new("PVTv2-b1", "pvt_v2_b1", s_own, "13 M", "2.1 G", 78.7),
        new("FLatten-PVTv2-b1", "pola_pvt_v2_b1", ["focused"], "13 M", "2.2 G", 79.5),
        new("PolaFormer-PVTv2-b1", "pola_pvt_v2_b1", s_own, "13 M", "2.2 G", 80.2),
        new("Swin-S", "swin_small", s_own, "50 M", "8.7 G", 83.0),
        new("FLatten-Swin-S", "pola_swin_small", Swin("focused"), "51 M", "8.7 G", 83.5),
        new("PolaFormer-Swin-S", "pola_swin_small", s_own, "50 M", "8.7 G", 83.6),
        new("Swin-B", "swin_base", s_own, "88 M", "15.4 G", 83.5),
        new("FLatten-Swin-B", "pola_swin_base", Swin("focused"), "89 M", "15.4 G", 83.8),
        new("PolaFormer-Swin-B", "pola_swin_base", s_own, "88 M", "15.4 G", 83.8),
        new("Swin-S, 384²", null, s_own, "50 M", "25.2 G", 84.3),
        new("Swin-B, 384²", null, s_own, "88 M", "47.0 G", 84.5),
        new("PolaFormer-Swin-S, 384²", "pola_swin_small_384", s_own, "50 M", "25.5 G", 84.7),
    ];

    private static string[] Swin(string attention) => [attention, attention, "window", "window"];
}
