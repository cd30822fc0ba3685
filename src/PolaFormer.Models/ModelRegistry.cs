namespace PolaFormer.Models;

/// <summary>Every architecture by name.</summary>
public static class ModelRegistry
{
    private static readonly Dictionary<string, string> s_otherNames = new() { ["pola_pvt_base"] = "pola_pvt_large" };

    /// <summary>
    /// All entries, families together, small to large. Published figures are those of PolaFormer's tables 1 and 5, of the README of
    /// PolaFormer++ and of the original authors' tables, as printed there.
    /// </summary>
    public static IReadOnlyList<ModelEntry> All { get; } =
    [
        Pvt("pola_pvt_tiny", [2, 2, 2, 2]) with { PaperParameters = 12, PaperMacs = 2.0 },
        Pvt("pola_pvt_small", [3, 4, 6, 3]) with { PaperParameters = 21, PaperMacs = 4.1 },
        Pvt("pola_pvt_medium", [3, 4, 18, 3]),
        Pvt("pola_pvt_large", [3, 8, 27, 3]),
        Swin("pola_swin_tiny", 224, 96, [2, 2, 6, 2], [3, 6, 12, 24], 56, 0.2f) with { PaperParameters = 29, PaperMacs = 4.5 },
        Swin("pola_swin_small", 224, 96, [2, 2, 18, 2], [3, 6, 12, 24], 56, 0.3f) with { PaperParameters = 50, PaperMacs = 8.7 },
        Swin("pola_swin_base", 224, 128, [2, 2, 18, 2], [4, 8, 16, 32], 56, 0.5f) with { PaperParameters = 88, PaperMacs = 15.4 },
        Swin("pola_swin_small_384", 384, 96, [2, 2, 18, 2], [3, 6, 12, 24], 96, 0.3f) with { PaperParameters = 50, PaperMacs = 25.5 },
        Swin("pola_swin_base_384", 384, 128, [2, 2, 18, 2], [4, 8, 16, 32], 96, 0.5f),
        DeiT("deit_tiny", 192, 3) with { PaperParameters = 5.7, PaperMacs = 1.1 },
        DeiT("deit_small", 384, 6) with { PaperParameters = 22 },
        DeiT("deit_base", 768, 12) with { PaperParameters = 86 },
        DeiT("deit_tiny_distilled", 192, 3, isDistilled: true) with { PaperParameters = 6 },
        DeiT("deit_small_distilled", 384, 6, isDistilled: true) with { PaperParameters = 22 },
        DeiT("deit_base_distilled", 768, 12, isDistilled: true) with { PaperParameters = 87 },

        // Pooled: the convolution of the last block's values would not reach a class token.
        new("pola_deit_tiny", new DeiTConfig { Attention = ["polarity"], ClassToken = false }) { PaperParameters = 6.1, PaperMacs = 1.2 },
        PlainPvt("pvt_tiny", [2, 2, 2, 2]) with { PaperParameters = 13.2, PaperMacs = 1.9 },
        PlainPvt("pvt_small", [3, 4, 6, 3]) with { PaperParameters = 24.5, PaperMacs = 3.8 },
        PvtV2("pvt_v2_b0", new() { EmbedDims = [32, 64, 160, 256] }) with { PaperParameters = 3.7, PaperMacs = 0.6 },
        PvtV2("pvt_v2_b1", new()) with { PaperParameters = 14, PaperMacs = 2.1 },
        PvtV2("pvt_v2_b2", new() { Depths = [3, 4, 6, 3] }) with { PaperParameters = 25.36, PaperMacs = 4.04 },
        PvtV2("pvt_v2_b3", new() { Depths = [3, 4, 18, 3] }) with { PaperParameters = 45.2 },
        PvtV2("pvt_v2_b4", new() { Depths = [3, 8, 27, 3] }) with { PaperParameters = 62.6 },
        PvtV2("pvt_v2_b5", new() { Depths = [3, 6, 40, 3], MlpRatios = [4, 4, 4, 4] }) with { PaperParameters = 82 },
        PvtV2("pola_pvt_v2_b0", new() { EmbedDims = [32, 64, 160, 256], Attention = ["polarity"] }) with { PaperParameters = 3.4, PaperMacs = 0.6 },
        PvtV2("pola_pvt_v2_b1", new() { Attention = ["polarity"] }) with { PaperParameters = 13, PaperMacs = 2.2 },
        PlainSwin("swin_tiny", 96, [2, 2, 6, 2], [3, 6, 12, 24], 0.2f) with { PaperParameters = 28, PaperMacs = 4.5 },
        PlainSwin("swin_small", 96, [2, 2, 18, 2], [3, 6, 12, 24], 0.3f) with { PaperParameters = 50, PaperMacs = 8.7 },
        PlainSwin("swin_base", 128, [2, 2, 18, 2], [4, 8, 16, 32], 0.5f) with { PaperParameters = 88, PaperMacs = 15.4 },
        new("cswin_tiny", new CswinConfig { DropPathRate = 0.2f }) { PaperParameters = 23, PaperMacs = 4.3 },
        PlusPlus("polaformer_pp_b0", new() { EmbedDims = [32, 64, 128, 384], Depths = [2, 2, 2, 2], NumHeads = [1, 2, 4, 12] }) with { PaperParameters = 7, PaperMacs = 0.7 },
        PlusPlus("polaformer_pp_b1", new() { EmbedDims = [32, 64, 192, 384], Depths = [2, 2, 4, 2], NumHeads = [1, 2, 6, 12] }) with { PaperParameters = 9, PaperMacs = 1.0 },
        PlusPlus("polaformer_pp_b2", new() { EmbedDims = [64, 128, 256, 512], Depths = [2, 2, 6, 2], NumHeads = [1, 2, 4, 8] }) with { PaperParameters = 16, PaperMacs = 2.7 },
        PlusPlus("polaformer_pp_b3", new() { EmbedDims = [64, 128, 320, 512], Depths = [3, 5, 9, 3], NumHeads = [1, 2, 5, 8], DropPathRate = 0.15f }) with { PaperParameters = 27, PaperMacs = 5.1 },
        PlusPlus("polaformer_pp_b4", new() { EmbedDims = [96, 192, 384, 512], Depths = [4, 6, 12, 6], NumHeads = [1, 2, 6, 8], LayerInitValues = [1, 1, 1e-6f, 1e-6f], DropPathRate = 0.4f }) with { PaperParameters = 50, PaperMacs = 11 },
        PlusPlus("polaformer_pp_b5", new() { EmbedDims = [96, 192, 448, 640], Depths = [4, 7, 19, 8], NumHeads = [1, 2, 7, 10], LayerInitValues = [1e-6f, 1e-6f, 1e-6f, 1e-6f], DropPathRate = 0.55f, Projection = 2560 }) with { PaperParameters = 97, PaperMacs = 18 },
        PlusPlus("polaformer_pp_cifar", new()
        {
            ImageSize = 32,
            NumClasses = 10,
            StemReductions = 1,
            EmbedDims = [32, 80, 160],
            Depths = [1, 2, 2],
            NumHeads = [2, 5, 5],
            MlpRatios = [3, 3, 3],
            Flags = ["l", "l", "v"],
            LayerScales = [true, true, true],
            LayerInitValues = [1, 1, 1],
            Projection = 256,
            DropPathRate = 0.05f,
        }),
        PlusPlus("polaformer_pp_cifar_2m", new()
        {
            ImageSize = 32,
            NumClasses = 10,
            StemReductions = 1,
            EmbedDims = [64, 128, 192],
            Depths = [1, 2, 3],
            NumHeads = [2, 4, 6],
            MlpRatios = [2, 3, 3],
            Flags = ["l", "l", "v"],
            LayerScales = [true, true, true],
            LayerInitValues = [1, 1, 1],
            Projection = 256,
            DropPathRate = 0,
        }),
    ];

    /// <summary>The entry of a name, or of another name of it, as that of the authors' file <c>pola_pvt_b.yaml</c>; null for no such name.</summary>
    public static ModelEntry? TryFind(string name) => All.FirstOrDefault(entry => entry.Name == s_otherNames.GetValueOrDefault(name, name));

    /// <summary>The entry of a name.</summary>
    /// <exception cref="ArgumentException">No such name; the message lists those there are.</exception>
    public static ModelEntry Find(string name) => TryFind(name)
        ?? throw new ArgumentException($"There is no model '{name}'. Registered: {string.Join(", ", All.Select(entry => entry.Name))}.");

    private static ModelEntry Pvt(string name, int[] depths) => new(name, new PolaPvtConfig { Depths = depths });

    private static ModelEntry Swin(string name, int imageSize, int embedDim, int[] depths, int[] heads, int window, float dropPath) => new(name, new PolaSwinConfig
    {
        ImageSize = imageSize,
        EmbedDim = embedDim,
        Depths = depths,
        NumHeads = heads,
        WindowSize = window,
        DropPathRate = dropPath,
    });

    private static ModelEntry DeiT(string name, int embedDim, int heads, bool isDistilled = false) =>
        new(name, new DeiTConfig { EmbedDim = embedDim, NumHeads = heads, DistillationToken = isDistilled });

    private static ModelEntry PlainPvt(string name, int[] depths) => new(name, new PolaPvtConfig { Depths = depths, AttnType = "SSSS", ClassToken = true });

    private static ModelEntry PvtV2(string name, PvtV2Config config) => new(name, config);

    private static ModelEntry PlainSwin(string name, int embedDim, int[] depths, int[] heads, float dropPath) => new(name, new PolaSwinConfig
    {
        EmbedDim = embedDim,
        Depths = depths,
        NumHeads = heads,
        WindowSize = 7,
        SoftmaxWindowSize = 7,
        AttnType = "SSSS",
        DropPathRate = dropPath,
    });

    private static ModelEntry PlusPlus(string name, PolaFormerPlusPlusConfig config) => new(name, config);
}
