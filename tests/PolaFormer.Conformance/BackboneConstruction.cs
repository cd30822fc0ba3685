using PolaFormer.Models;

namespace PolaFormer.Conformance;

/// <summary>Builds the backbones of the authors' segmentation code from the arguments of their constructors.</summary>
internal static class BackboneConstruction
{
    /// <summary>The backbone with its output norms.</summary>
    public static FeatureExtractor Create(Arguments arguments)
    {
        string type = arguments.Text("type", "");
        int[]? stages = arguments.Has("out_indices") ? arguments.Integers("out_indices") : null;
        return type switch
        {
            // Its batch norms keep their statistics (norm_eval).
            "PolaPP" => new FeatureExtractor(ConfigOf(arguments).CreateBackbone(), new FeatureExtractorOptions { Stages = stages, KeepsStatistics = true }),
            "PolaPVTSeg" or "PolaSwinSeg" => new FeatureExtractor(ConfigOf(arguments).CreateBackbone(), new FeatureExtractorOptions { Stages = stages }),
            _ => throw new CapabilityMissingException($"there is no counterpart of the backbone {type}"),
        };
    }

    /// <summary>What the backbone is made from.</summary>
    public static VisionModelConfig ConfigOf(Arguments arguments) => arguments.Text("type", "") switch
    {
        "PolaPP" => PlusPlus(arguments),
        "PolaPVTSeg" => Pvt(arguments),
        "PolaSwinSeg" => Swin(arguments),
        string type => throw new CapabilityMissingException($"there is no counterpart of the backbone {type}"),
    };

    private static PolaFormerPlusPlusConfig PlusPlus(Arguments arguments)
    {
        int[] depths = arguments.Integers("depths");
        int stages = depths.Length;
        return new PolaFormerPlusPlusConfig
        {
            EmbedDims = arguments.Integers("embed_dims"),
            Depths = depths,
            NumHeads = arguments.Integers("num_heads"),
            MlpRatios = arguments.List("mlp_ratios", item => item.GetSingle(), [3, 3, 3, 3])[..stages],
            Flags = [.. arguments.List("flagss", flags => string.Concat(flags.EnumerateArray().Select(flag => flag.GetString())), ["l", "l", "v", "v"]).Zip(depths, (flags, depth) => flags.Length == 1 ? flags : flags[..depth])],
            LayerScales = arguments.List("layerscales", item => item.GetBoolean(), [false, false, false, false])[..stages],
            LayerInitValues = arguments.List("layer_init_values", item => item.GetSingle(), [1e-6f, 1e-6f, 1e-6f, 1e-6f])[..stages],
            DropPathRate = arguments.Number("drop_path_rate", 0),
        };
    }

    private static PvtConfig Pvt(Arguments arguments)
    {
        int stages = arguments.Integers("depths").Length;
        return new PvtConfig
        {
            ImageSize = arguments.Integer("img_size", 224),
            PatchSize = arguments.Integer("patch_size", 4),
            EmbedDims = arguments.Integers("embed_dims"),
            Depths = arguments.Integers("depths"),
            NumHeads = arguments.Integers("num_heads"),
            MlpRatios = arguments.Integers("mlp_ratios"),
            QkvBias = arguments.Flag("qkv_bias", false),
            SrRatios = arguments.Integers("sr_ratios", [8, 4, 2, 1])[..stages],
            LaSrRatios = arguments.Digits("la_sr_ratios", "8421")[..stages],
            AttnType = arguments.Text("attn_type", "LLLL"),
            Alpha = arguments.Number("alpha", 4),
            KernelSize = arguments.Integer("kernel_size", 5),
            DropPathRate = arguments.Number("drop_path_rate", 0),
        };
    }

    private static SwinConfig Swin(Arguments arguments) => new()
    {
        PatchSize = arguments.Integer("patch_size", 4),
        EmbedDim = arguments.Integer("embed_dim"),
        Depths = arguments.Integers("depths"),
        NumHeads = arguments.Integers("num_heads"),
        Windows = arguments.Integers("windows"),
        AttnType = arguments.Text("attn_type", "LLSS"),
        MlpRatio = arguments.Number("mlp_ratio", 4),
        QkvBias = arguments.Flag("qkv_bias", true),
        Alpha = arguments.Number("alpha", 4),
        KernelSize = arguments.Integer("kernel_size", 5),
        DropPathRate = arguments.Number("drop_path_rate", 0),
    };
}
