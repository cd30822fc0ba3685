using System.Globalization;
using PolaFormer.Models;

namespace PolaFormer.Conformance;

/// <summary>Cases of whole networks that attentions are compared in, built from their authors' constructors' arguments.</summary>
internal static class HostCases
{
    /// <summary>Runs a case of the authors' class.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison, string type)
    {
        var arguments = new Arguments(fixture.Meta.Field("construct") ?? default);
        TransformerConfig config = type switch
        {
            "VisionTransformer" => DeiT(arguments, isDistilled: false),
            "DistilledVisionTransformer" => DeiT(arguments, isDistilled: true),
            "PyramidVisionTransformer" => Pvt(arguments),
            "PyramidVisionTransformerV2" => PvtV2(arguments),
            "SwinTransformer" or "FLattenSwinTransformer" => Swin(arguments),
            "CSWinTransformer" => CSWin(arguments),
            _ => throw new CapabilityMissingException($"there is no counterpart of the class {type}"),
        };
        VisionModel model = (config with
        {
            ImageSize = arguments.Integer("img_size", 224),
            NumClasses = fixture.Meta.GetProperty("params").GetProperty("head.weight").GetProperty("shape").ToShape()[0],
            DropPathRate = 0,
            KernelSize = arguments.Integer("kernel_size", 5),
            FocusingFactor = arguments.Number("focusing_factor", 3),
        }).Create();
        ForwardBackward.Run(fixture, comparison, new Subject(model, Layout.ChannelsFirst, Layout.Same));
    }

    private static DeiTConfig DeiT(Arguments arguments, bool isDistilled) => new()
    {
        PatchSize = arguments.Integer("patch_size", 16),
        EmbedDim = arguments.Integer("embed_dim", 768),
        Depth = arguments.Integer("depth", 12),
        NumHeads = arguments.Integer("num_heads", 12),
        MlpRatio = arguments.Number("mlp_ratio", 4),
        QkvBias = arguments.Flag("qkv_bias", true),
        DistillationToken = isDistilled,
    };

    // FLatten's, unlike the original, have no class token and say which stages are linear.
    private static PyramidConfig Pvt(Arguments arguments) => Pyramid(arguments, new PvtConfig
    {
        PatchSize = arguments.Integer("patch_size", 4),
        ClassToken = !arguments.Has("attn_type"),
    });

    private static PyramidConfig PvtV2(Arguments arguments) => Pyramid(arguments, new PvtV2Config());

    private static PyramidConfig Pyramid(Arguments arguments, PyramidConfig config) => config with
    {
        EmbedDims = arguments.Integers("embed_dims"),
        NumHeads = arguments.Integers("num_heads"),
        MlpRatios = arguments.Integers("mlp_ratios"),
        Depths = arguments.Integers("depths"),
        SrRatios = arguments.Integers("sr_ratios"),
        LaSrRatios = arguments.Digits("la_sr_ratios", "8421"),
        QkvBias = arguments.Flag("qkv_bias", false),
        Attention = [.. arguments.Text("attn_type", "SSSS").Select(Attention)],
    };

    private static SwinConfig Swin(Arguments arguments)
    {
        int window = arguments.Integer("window_size", 7);
        return new()
        {
            PatchSize = arguments.Integer("patch_size", 4),
            EmbedDim = arguments.Integer("embed_dim", 96),
            Depths = arguments.Integers("depths"),
            NumHeads = arguments.Integers("num_heads"),
            WindowSize = window,
            SoftmaxWindowSize = arguments.Has("attn_type") ? 0 : window,
            MlpRatio = arguments.Number("mlp_ratio", 4),
            QkvBias = arguments.Flag("qkv_bias", true),
            AbsolutePosition = arguments.Flag("ape", false),
            PatchNorm = arguments.Flag("patch_norm", true),
            Attention = arguments.Has("attn_type") ? [.. arguments.Text("attn_type", "").Select(type => type == 'L' ? "focused" : "window")] : ["window"],
        };
    }

    private static CSWinConfig CSWin(Arguments arguments) => new()
    {
        EmbedDim = arguments.Integer("embed_dim", 96),
        Depths = arguments.Integers("depth"),
        NumHeads = arguments.Integers("num_heads"),
        SplitSizes = arguments.Integers("split_size"),
        LaSplitSizes = [.. arguments.Text("la_split_size", "1-2-7-7").Split('-').Select(split => int.Parse(split, CultureInfo.InvariantCulture))],
        MlpRatio = arguments.Number("mlp_ratio", 4),
        QkvBias = arguments.Flag("qkv_bias", true),
        Attention = [.. arguments.Text("attn_type", "LLLL").Select(Attention)],
    };

    private static string Attention(char type) => type == 'L' ? "focused" : "softmax";
}
