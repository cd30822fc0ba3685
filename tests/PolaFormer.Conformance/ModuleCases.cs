using System.Text.Json;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Family A: single modules, found by the authors' class and built from its constructor's arguments.</summary>
internal static class ModuleCases
{
    private const string Pvt = "pola_pvt", Swin = "pola_swin", PlusPlus = "pola";

    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        JsonElement source = fixture.Meta.Field("source") ?? throw new InvalidDataException("The case names no source.");
        string file = Path.GetFileNameWithoutExtension(source.Text("file") ?? ""), type = source.Text("cls") ?? "";
        var arguments = new Arguments(fixture.Meta.Field("construct") ?? default, source.Text("common"));
        switch (file, type)
        {
            case (PlusPlus, "RoPE"):
                RunTables(fixture, comparison, arguments);
                break;
            case (PlusPlus, "theta_shift"):
                RunRotation(fixture, comparison);
                break;
            case (Swin, "SwinTransformerBlock.attn_mask"):
                RunMask(fixture, comparison, arguments);
                break;
            default:
                ForwardBackward.Run(fixture, comparison, Create(fixture, file, type, arguments));
                break;
        }
    }

    private static Subject Create(FixtureCase fixture, string file, string type, Arguments arguments) => file switch
    {
        Pvt => CreatePvt(fixture, type, arguments),
        Swin => CreateSwin(fixture, type, arguments),
        PlusPlus => CreatePlusPlus(fixture, type, arguments),
        _ => throw new CapabilityMissingException($"modules of {file} are not part of this program"),
    };

    private static Subject CreatePvt(FixtureCase fixture, string type, Arguments arguments)
    {
        switch (type)
        {
            case "PatchEmbed":
                return CreatePatchEmbed(fixture, arguments);
            case "Mlp":
                return CreateMlp(arguments);
        }

        var grid = Layout.Tokens(CallOrConstruct(fixture, arguments, "H"), CallOrConstruct(fixture, arguments, "W"));
        int dim = arguments.Integer("dim");
        return type switch
        {
            "PolaLinearAttention" => new Subject(PvtAttention(fixture, arguments, "L"), grid),
            "Attention" => new Subject(PvtAttention(fixture, arguments, "S"), grid),
            "Block" => new Subject(
                new TransformerBlock(
                    dim, PvtAttention(fixture, arguments, arguments.Text("attn_type", "L")), new Mlp(dim, (int)(dim * arguments.Number("mlp_ratio", 4))),
                    arguments.Number("drop_path", 0), arguments.Number("norm_eps", 1e-5f)),
                grid),
            _ => throw Unknown(type),
        };
    }

    private static Subject CreateSwin(FixtureCase fixture, string type, Arguments arguments)
    {
        switch (type)
        {
            case "PatchEmbed":
                return CreatePatchEmbed(fixture, arguments);
            case "Mlp":
                return CreateMlp(arguments);
        }

        int dim = arguments.Integer("dim");
        if (type is "PolaLinearAttention" or "WindowAttention")
        {
            int[] window = arguments.Integers("window_size");
            int heads = arguments.Integer("num_heads");
            bool bias = arguments.Flag("qkv_bias", true);
            var shape = AttentionShape.Grid(dim, heads, window[0], window[^1]);
            AttentionMechanism mechanism = type == "WindowAttention"
                ? new WindowSoftmaxAttention(shape, window[0])
                : new PolarityAttention(shape, arguments.Integer("kernel_size", 5), arguments.Number("alpha", 4));
            Tensor? mask = fixture.Has("in.mask") ? Tensor.From(fixture.Floats("in.mask"), fixture.ShapeOf("in.mask")) : null;
            var layer = new SelfAttention(mechanism, bias);
            var tokens = Layout.Tokens(window[0], window[^1]);
            return mask is null ? new Subject(layer, tokens) : new Subject(layer, x => layer.Forward(x, new WindowGrid(1, mask.Shape[0], 0), mask), tokens, tokens);
        }

        int[] resolution = arguments.Integers("input_resolution");
        var grid = Layout.Tokens(resolution[0], resolution[1]);
        return type switch
        {
            "SwinTransformerBlock" => new Subject(SwinBlock(arguments, dim, resolution), grid),
            "PatchMerging" => new Subject(new Swin.PatchMerging(dim), grid, Layout.Tokens(resolution[0] / 2, resolution[1] / 2)),
            _ => throw Unknown(type),
        };
    }

    private static Subject CreatePlusPlus(FixtureCase fixture, string type, Arguments arguments)
    {
        int Dim() => arguments.Has("dim") ? arguments.Integer("dim") : arguments.Integer("embed_dim");
        int Heads() => arguments.Integer("num_heads");
        AttentionShape Shape() => new(Dim(), Heads(), 0);
        AttentionMechanism Mechanism(char flag) => new PolaFormerPlusPlusConfig().Mechanism(PolaFormerPlusPlusConfig.AttentionOf(flag), Shape());
        float? Scale() => arguments.Flag("layerscale", false) ? arguments.Number("layer_init_value", 1e-6f) : null;
        switch (type)
        {
            case "MemoryEfficientSwish":
                return new Subject(null, x => x.Silu(), Layout.Same, Layout.Same);
            case "BasicLayer":
                string flags = string.Concat(arguments.Required("flags").EnumerateArray().Select(flag => flag.GetString()));
                int depth = arguments.Integer("depth", flags.Length);
                int? outDim = arguments.Flag("downsample", false) ? arguments.Integer("out_dim") : null;
                return new Subject(new PolaFormerPlusPlus.BasicLayer([.. flags[..depth].Select(Mechanism)], Shape(), outDim, arguments.Integer("ffn_dim"), Scale(), new float[depth]), Layout.ChannelsFirst);
            case "Block":
                AttentionMechanism mechanism = Mechanism(arguments.Text("flag", "l")[0]);
                return new Subject(new PolaFormerPlusPlus.Block(mechanism, arguments.Integer("ffn_dim"), Rotary(mechanism.RotaryDim * Heads(), Heads()), Scale()), Layout.ChannelsFirst);
        }

        return new Subject(
            type switch
            {
                "LayerNorm2d" => new PolaFormerPlusPlus.LayerNorm2d(Dim(), arguments.Number("eps", 1e-6f)),
                "PatchEmbed" => new PolaFormerPlusPlus.PatchEmbed(Dim(), inChannels: arguments.Integer("in_chans", 3)),
                "PatchMerging" => new PolaFormerPlusPlus.PatchMerging(Dim(), arguments.Integer("out_dim")),
                "FeedForwardNetwork" => new PolaFormerPlusPlus.FeedForwardNetwork(Dim(), arguments.Integer("ffn_dim")),
                "PolaLinearAttention" => new GatedRotaryAttention(new PolarityPlusPlusAttention(new AttentionShape(Dim(), Heads(), 0)), Rotary(2 * Dim(), Heads())),
                "VanillaSelfAttention" => new GatedRotaryAttention(new SoftmaxAttention(new AttentionShape(Dim(), Heads(), 0)), Rotary(Dim(), Heads())),
                _ => throw Unknown(type),
            },
            Layout.ChannelsFirst);
    }

    // attnType: L polarity, S softmax.
    private static PvtAttention PvtAttention(FixtureCase fixture, Arguments arguments, string attnType)
    {
        int height = CallOrConstruct(fixture, arguments, "H"), width = CallOrConstruct(fixture, arguments, "W"), reduction = arguments.Integer("sr_ratio", 1);
        AttentionShape shape = AttentionShape.Grid(arguments.Integer("dim"), arguments.Integer("num_heads", 8), height, width) with { KeyTokens = height * width / (reduction * reduction) };
        AttentionMechanism mechanism = attnType == "L"
            ? new PolarityAttention(shape, arguments.Integer("kernel_size", 5), arguments.Number("alpha", 4))
            : new SoftmaxAttention(shape);
        return new PvtAttention(mechanism, arguments.Flag("qkv_bias", false), reduction);
    }

    private static Subject CreateMlp(Arguments arguments)
    {
        int features = arguments.Integer("in_features");
        return new Subject(new Mlp(features, arguments.Integer("hidden_features", features)), Layout.Same);
    }

    private static Subject CreatePatchEmbed(FixtureCase fixture, Arguments arguments)
    {
        int patch = arguments.Integer("patch_size", 4);
        Shape image = fixture.ShapeOf("in.input");
        var module = new PatchEmbed(patch, arguments.Integer("in_chans", 3), arguments.Integer("embed_dim"), arguments.Flag("norm", fixture.Has("param.norm.weight")));
        return new Subject(module, Layout.ChannelsFirst, Layout.Tokens(image[2] / patch, image[3] / patch));
    }

    private static Swin.Block SwinBlock(Arguments arguments, int dim, int[] resolution) => new(
        shape => arguments.Text("attn_type", "L") == "L"
            ? new PolarityAttention(shape, arguments.Integer("kernel_size", 5), arguments.Number("alpha", 4))
            : new WindowSoftmaxAttention(shape, shape.Height),
        dim, resolution[0], resolution[1], arguments.Integer("num_heads"), arguments.Integer("window_size", 7), arguments.Integer("shift_size", 0),
        arguments.Number("mlp_ratio", 4), arguments.Flag("qkv_bias", true), arguments.Number("drop_path", 0));

    private static RotaryEncoding Rotary(int dim, int heads) => new(dim, heads);

    private static int CallOrConstruct(FixtureCase fixture, Arguments arguments, string name) =>
        fixture.Meta.Field("call")?.Field(name)?.GetInt32() ?? arguments.Integer(name);

    private static void RunTables(FixtureCase fixture, Comparison comparison, Arguments arguments)
    {
        var rotary = new RotaryEncoding(arguments.Integer("embed_dim"), arguments.Integer("num_heads"), arguments.Number("base", 10000));
        int[] size = fixture.Meta.Field("call")!.Value.GetProperty("slen").Integers();
        (Tensor sin, Tensor cos) = rotary.Tables(size[0], size[^1]);
        comparison.Close("out.angle", rotary.StateDict().Single().Tensor.ToArray());
        comparison.Close("out.sin", sin.ToArray());
        comparison.Close("out.cos", cos.ToArray());
    }

    // x is (B, heads, N, d), the tables (N, d).
    private static void RunRotation(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.x");
        (int batch, int heads, int tokens, int headDim) = (shape[0], shape[1], shape[2], shape[3]);
        Tensor x = Tensor.From(fixture.Floats("in.x"), shape).Permute(0, 2, 1, 3).Reshape(batch, tokens, heads * headDim);
        Tensor sin = Tensor.From(fixture.Floats("aux.sin"), [tokens, headDim]), cos = Tensor.From(fixture.Floats("aux.cos"), [tokens, headDim]);
        comparison.Close("out.y", Restored(Tensor.Rotate(x, sin, cos, heads)));
        comparison.Close("out.rotate_every_two", Restored(Tensor.Rotate(x, Tensor.Full([tokens, headDim], 1), Tensor.Zeros([tokens, headDim]), heads)));

        float[] Restored(Tensor y) => y.Reshape(batch, tokens, heads, headDim).Permute(0, 2, 1, 3).ToArray();
    }

    private static void RunMask(FixtureCase fixture, Comparison comparison, Arguments arguments)
    {
        int[] resolution = arguments.Integers("input_resolution");
        var block = new Swin.Block(shape => new WindowSoftmaxAttention(shape, shape.Height), 8, resolution[0], resolution[1], 1, arguments.Integer("window_size"), arguments.Integer("shift_size"));
        Dictionary<string, Tensor> state = block.StateDict().ToDictionary();
        comparison.Exact("out.mask", ForwardBackward.Widened(state["attn_mask"]));
        comparison.Exact("out.relative_position_index", ForwardBackward.Widened(state["attn.relative_position_index"]));
    }

    private static CapabilityMissingException Unknown(string type) => new($"there is no counterpart of the class {type}");
}
