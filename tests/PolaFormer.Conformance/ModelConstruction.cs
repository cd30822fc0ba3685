using System.Globalization;
using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Conformance;

/// <summary>
/// Builds whole models from the authors' constructor arguments or configuration values. What is not given is the authors' default, but
/// for the few arguments that all reduced models share.
/// </summary>
internal static class ModelConstruction
{
    private static readonly string[] PvtArguments = ["sr_ratios", "la_sr_ratios", "attn_type", "patch_size"];

    /// <summary>A reduced model from constructor arguments; the family is told by the arguments that only it has.</summary>
    public static VisionModel FromArguments(JsonElement given, string? common)
    {
        var arguments = new Arguments(given, common);
        if (arguments.Has("embed_dim") || arguments.Has("window_size"))
            return Swin(arguments);
        return PvtArguments.Any(arguments.Has) ? Pvt(arguments) : PlusPlus(arguments);
    }

    /// <summary>A full-size model from <c>model.type</c> and the parts of the authors' YAML that it depends on, read as a recipe.</summary>
    public static VisionModel FromConfiguration(JsonElement model, int imageSize)
    {
        string type = model.Text("type") ?? throw new InvalidDataException("The case names no model type.");

        // The authors' build_model leaves PVT at its default image size.
        int size = ModelRegistry.TryFind(type)?.Config is PvtConfig published ? published.ImageSize : imageSize;
        List<string> options = ["MODEL.TYPE", type, "DATA.IMG_SIZE", size.ToString(CultureInfo.InvariantCulture)];
        foreach (string section in (string[])["la", "swin"])
        {
            if (model.Field(section) is not { ValueKind: JsonValueKind.Object } keys)
                continue;
            foreach (JsonProperty key in keys.EnumerateObject())
                options.AddRange([$"MODEL.{section.ToUpperInvariant()}.{key.Name}", key.Value.ToString()]);
        }

        return ConfiguredModel.Create(ConfigurationReader.Read(null, options)).Model;
    }

    private static Pvt Pvt(Arguments arguments)
    {
        int[] depths = arguments.Integers("depths", [3, 4, 6, 3]);
        int stages = depths.Length;
        return new(new PvtConfig
        {
            ImageSize = arguments.Integer("img_size", 224),
            NumClasses = arguments.Integer("num_classes", 10),
            PatchSize = arguments.Integer("patch_size", 4),
            EmbedDims = arguments.Integers("embed_dims", [64, 128, 256, 512])[..stages],
            NumHeads = arguments.Integers("num_heads", [1, 2, 4, 8])[..stages],
            MlpRatios = arguments.Integers("mlp_ratios", [4, 4, 4, 4])[..stages],
            Depths = depths,
            SrRatios = arguments.Integers("sr_ratios", [8, 4, 2, 1])[..stages],
            LaSrRatios = arguments.Digits("la_sr_ratios", "8421")[..stages],
            AttnType = arguments.Text("attn_type", "LLLL")[..stages],
            QkvBias = arguments.Flag("qkv_bias", true),
            DropPathRate = arguments.Number("drop_path_rate", 0),
            KernelSize = arguments.Integer("kernel_size", 5),
            Alpha = arguments.Number("alpha", 4),
        });
    }

    private static Swin Swin(Arguments arguments) => new(new SwinConfig
    {
        ImageSize = arguments.Integer("img_size", 224),
        NumClasses = arguments.Integer("num_classes", 10),
        PatchSize = arguments.Integer("patch_size", 4),
        EmbedDim = arguments.Integer("embed_dim", 96),
        Depths = arguments.Integers("depths", [2, 2, 6, 2]),
        NumHeads = arguments.Integers("num_heads", [3, 6, 12, 24]),
        WindowSize = arguments.Integer("window_size", 7),
        MlpRatio = arguments.Number("mlp_ratio", 4),
        AttnType = arguments.Text("attn_type", "LLLL"),
        QkvBias = arguments.Flag("qkv_bias", true),
        AbsolutePosition = arguments.Flag("ape", false),
        PatchNorm = arguments.Flag("patch_norm", true),
        DropPathRate = arguments.Number("drop_path_rate", 0),
        KernelSize = arguments.Integer("kernel_size", 5),
        Alpha = arguments.Number("alpha", 4),
    });

    private static PolaFormerPlusPlus PlusPlus(Arguments arguments)
    {
        int[] depths = arguments.Integers("depths", [2, 2, 6, 2]);
        int stages = depths.Length;
        return new(new PolaFormerPlusPlusConfig
        {
            ImageSize = arguments.Integer("img_size", 224),
            NumClasses = arguments.Integer("num_classes", 10),
            EmbedDims = arguments.Integers("embed_dims", [96, 192, 384, 768])[..stages],
            Depths = depths,
            NumHeads = arguments.Integers("num_heads", [3, 6, 12, 24])[..stages],
            MlpRatios = arguments.List("mlp_ratios", item => item.GetSingle(), [3, 3, 3, 3])[..stages],
            Flags = [.. arguments.List("flagss", Flags, ["l", "l", "v", "v"]).Zip(depths, (flags, depth) => flags.Length == 1 ? flags : flags[..depth])],
            LayerScales = arguments.List("layerscales", item => item.GetBoolean(), [false, false, false, false])[..stages],
            LayerInitValues = arguments.List("layer_init_values", item => item.GetSingle(), [1e-6f, 1e-6f, 1e-6f, 1e-6f])[..stages],
            Projection = arguments.Integer("projection", 1024),
            DropPathRate = arguments.Number("drop_path_rate", 0),
        });
    }

    // The authors' lists may be longer than the stage is deep, and have more stages than the network.
    private static string Flags(JsonElement flags) => string.Concat(flags.EnumerateArray().Select(flag => flag.GetString()));
}
