using System.Text.Json;
using PolaFormer.Models;
using static PolaFormer.Detection.Configuration.MmdetModel;

namespace PolaFormer.Detection.Configuration;

/// <summary>Reads the backbones of mmdetection's dictionaries.</summary>
public static class MmdetBackbone
{
    /// <summary>A backbone by its type: PolaPP of the authors' fork, SwinTransformer or PyramidVisionTransformer.</summary>
    /// <exception cref="FormatException">There is no such backbone.</exception>
    public static BackboneConfig Read(JsonElement backbone)
    {
        var options = new FeatureExtractorOptions
        {
            Stages = Find(backbone, "out_indices") is { } stages ? Integers(stages) : null,
            FrozenStages = Integer(backbone, "frozen_stages", -1),
        };
        return new BackboneConfig
        {
            Options = options,
            Network = Text(backbone, "type") switch
            {
                "PolaPP" => PlusPlus(backbone),
                "SwinTransformer" => Swin(backbone),
                "PyramidVisionTransformer" => Pvt(backbone),
                string type => throw new FormatException($"There is no backbone {type}."),
            },
        };
    }

    private static PolaFormerPlusPlusConfig PlusPlus(JsonElement backbone) => new()
    {
        EmbedDims = Integers(backbone.GetProperty("embed_dims")),
        Depths = Integers(backbone.GetProperty("depths")),
        NumHeads = Integers(backbone.GetProperty("num_heads")),
        MlpRatios = Numbers(backbone.GetProperty("mlp_ratios")),
        LayerScales = [.. backbone.GetProperty("layerscales").EnumerateArray().Select(item => item.GetBoolean())],
        LayerInitValues = Numbers(backbone.GetProperty("layer_init_values")),
        DropPathRate = Number(backbone, "drop_path_rate", 0),
    };

    private static VisionModelConfig Swin(JsonElement backbone)
    {
        int[] depths = Find(backbone, "depths") is { } list ? Integers(list) : [2, 2, 6, 2];
        int window = Integer(backbone, "window_size", 7);
        return new SwinConfig
        {
            EmbedDim = Integer(backbone, "embed_dims", 96),
            Depths = depths,
            NumHeads = Find(backbone, "num_heads") is { } heads ? Integers(heads) : [3, 6, 12, 24],
            Windows = [.. depths.Select(_ => window)],
            AttnType = new string('S', depths.Length),
            MlpRatio = Number(backbone, "mlp_ratio", 4),
            QkvBias = Flag(backbone, "qkv_bias", true),
            DropPathRate = Number(backbone, "drop_path_rate", 0.1f),
        };
    }

    private static VisionModelConfig Pvt(JsonElement backbone)
    {
        int[] heads = Find(backbone, "num_heads") is { } list ? Integers(list) : [1, 2, 5, 8];
        int width = Integer(backbone, "embed_dims", 64);
        return new PvtConfig
        {
            ImageSize = Integer(backbone, "pretrain_img_size", 224),
            EmbedDims = [.. heads.Select(count => count * width)],
            Depths = Find(backbone, "num_layers") is { } depths ? Integers(depths) : [3, 4, 6, 3],
            NumHeads = heads,
            MlpRatios = Find(backbone, "mlp_ratios") is { } ratios ? Integers(ratios) : [8, 8, 4, 4],
            SrRatios = Find(backbone, "sr_ratios") is { } reductions ? Integers(reductions) : [8, 4, 2, 1],
            QkvBias = true,

            // All its norms have one eps.
            InnerEps = 1e-6f,
            AttnType = new string('S', heads.Length),
            DropPathRate = Number(backbone, "drop_path_rate", 0.1f),
        };
    }
}
