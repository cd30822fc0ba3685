using System.Text.Json;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Cases of attentions for images, one method a module. What the authors' module projects, adds or norms stands here.</summary>
internal static class VisionBaselines
{
    /// <summary>1×1 convolutions to keys, queries and values, a reprojection, and the input added: (B, C, H, W).</summary>
    public static void RunEfficient(FixtureCase fixture, Comparison comparison)
    {
        var baseline = new Baseline { Fixture = fixture };
        Conv2d keys = Pointwise(baseline, "keys"), queries = Pointwise(baseline, "queries"), values = Pointwise(baseline, "values"), reprojection = Pointwise(baseline, "reprojection");
        Shape shape = fixture.ShapeOf("in.input_");
        var mechanism = baseline.Part("", new EfficientAttention(new AttentionShape(keys.OutChannels, Construct(fixture, "head_count"), shape[2] * shape[3])));
        baseline.Run(comparison, () =>
        {
            Tensor x = baseline.Input("input_").Permute(0, 2, 3, 1);
            Tensor attended = mechanism.Attend(new AttentionInputs(queries.Forward(x), keys.Forward(x), values.Forward(x)));
            Tensor y = x + reprojection.Forward(attended.Reshape(shape[0], shape[2], shape[3], -1));
            return [("y", y.Permute(0, 3, 1, 2))];
        });
    }

    /// <summary>One projection of queries, keys and values before, one after: (B, N, C).</summary>
    public static void RunAngular(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.x"), kernel = fixture.ShapeOf("param.dconv.weight");
        var baseline = new Baseline { Fixture = fixture };
        Linear joint = baseline.Linear("qkv"), projection = baseline.Linear("proj");
        bool isSparse = fixture.Meta.GetProperty("construct").Field("sparse_reg")?.GetBoolean() ?? false;
        var mechanism = baseline.Part("", new AngularAttention(new AttentionShape(shape[2], kernel[0], shape[1]), isSparse, kernel[2]));
        baseline.Run(comparison, () => [("y", projection.Forward(mechanism.Attend(Split(joint.Forward(baseline.Input("x"))))))]);
    }

    /// <summary>The paper's listing: nothing but the mechanism.</summary>
    public static void RunHydra(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.q");
        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new HydraAttention(new AttentionShape(shape[2], 1, shape[1])));
        baseline.Run(comparison, () => [("y", mechanism.Attend(new AttentionInputs(baseline.Input("q"), baseline.Input("k"), baseline.Input("v"))))]);
    }

    /// <summary>One projection of queries, keys and values before, one after: (B, N, C).</summary>
    public static void RunHydraModule(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.x");
        var baseline = new Baseline { Fixture = fixture };
        Linear joint = baseline.Linear("qkv"), projection = baseline.Linear("out");
        var mechanism = baseline.Part("", new HydraAttention(new AttentionShape(shape[2], 1, shape[1])));
        baseline.Run(comparison, () => [("y", projection.Forward(mechanism.Attend(Split(joint.Forward(baseline.Input("x"))))))]);
    }

    /// <summary>A 1×1 convolution to queries, keys and values, head by head, then one with a batch norm: (B, C, H, W).</summary>
    public static void RunMultiscaleRelu(FixtureCase fixture, Comparison comparison)
    {
        var baseline = new Baseline { Fixture = fixture };
        Conv2d joint = Pointwise(baseline, "qkv.conv");
        (int headDim, int dim) = (Construct(fixture, "dim"), joint.OutChannels / 3);
        Shape shape = fixture.ShapeOf("in.x");
        (int batch, int height, int width, int heads) = (shape[0], shape[2], shape[3], dim / headDim);
        int[] scales = fixture.Meta.GetProperty("construct").GetProperty("scales").Integers();
        var mechanism = baseline.Part("", new MultiscaleReluAttention(AttentionShape.Grid(dim, heads, height, width), scales, isFused: false));
        Conv2d projection = Pointwise(baseline, "proj.conv");
        BatchNorm2d norm = baseline.Part("proj.norm", new BatchNorm2d(projection.OutChannels));
        baseline.Run(comparison, () =>
        {
            Tensor parts = joint.Forward(baseline.Input("x").Permute(0, 2, 3, 1)).Reshape(batch, height * width, heads, 3 * headDim);
            Tensor Part(int index) => parts.Slice(3, index * headDim, headDim).Reshape(batch, -1, dim);
            Tensor attended = mechanism.Attend(new AttentionInputs(Part(0), Part(1), Part(2)) { Height = height, Width = width });
            Tensor y = norm.Forward(projection.Forward(attended.Reshape(batch, height, width, -1)));
            return [("y", y.Permute(0, 3, 1, 2))];
        });
    }

    /// <summary>As PVT's layer has it, spatial reduction included, or as Swin's, one projection for a window: (B, N, C).</summary>
    public static void RunFocused(FixtureCase fixture, Comparison comparison)
    {
        JsonElement construct = fixture.Meta.GetProperty("construct");
        Shape shape = fixture.ShapeOf("in.input"), encoding = fixture.ShapeOf("param.positional_encoding"), kernel = fixture.ShapeOf("param.dwc.weight");
        (int batch, int tokens, int dim, int reduction) = (shape[0], shape[1], shape[2], construct.Field("sr_ratio")?.GetInt32() ?? 1);
        int height = construct.Field("H")?.GetInt32() ?? (int)Math.Sqrt(tokens);
        var baseline = new Baseline { Fixture = fixture };
        Linear? joint = fixture.Has("param.qkv.weight") ? baseline.Linear("qkv") : null;
        (Linear? query, Linear? keyValue) = joint is null ? (baseline.Linear("q"), baseline.Linear("kv")) : (null, null);
        Linear projection = baseline.Linear("proj");
        Conv2d? convolution = reduction > 1 ? baseline.Part("sr", new Conv2d(dim, dim, reduction, reduction)) : null;
        LayerNorm? norm = reduction > 1 ? baseline.Part("norm", new LayerNorm(dim)) : null;
        AttentionShape grid = AttentionShape.Grid(dim, construct.GetProperty("num_heads").GetInt32(), height, tokens / height) with { KeyTokens = encoding[1] };
        var mechanism = baseline.Part("", new FocusedLinearAttention(grid, construct.Field("focusing_factor")?.GetSingle() ?? 3, kernel[2]));
        baseline.Run(comparison, () =>
        {
            Tensor x = baseline.Input("input");
            AttentionInputs inputs = joint is not null ? Split(joint.Forward(x)) : Projected(x);
            return [("y", projection.Forward(mechanism.Attend(inputs with { Height = grid.Height, Width = grid.Width })))];
        });

        AttentionInputs Projected(Tensor x)
        {
            Tensor image = x.Reshape(batch, grid.Height, grid.Width, dim);
            Tensor joint = keyValue!.Forward(convolution is null ? x : norm!.Forward(convolution.Forward(image)));
            return new AttentionInputs(query!.Forward(x), new Columns(joint, 0, dim), new Columns(joint, dim, dim));
        }
    }

    /// <summary>A projection each of queries, keys, values and the result: (B, N, C).</summary>
    public static void RunMobile(FixtureCase fixture, Comparison comparison)
    {
        var baseline = new Baseline { Fixture = fixture };
        Linear query = baseline.Linear("query_projection"), key = baseline.Linear("key_projection"), value = baseline.Linear("value_projection"), projection = baseline.Linear("out_projection");
        var mechanism = baseline.Part("", new MobileAttention(new AttentionShape(query.OutFeatures, Construct(fixture, "n_heads"), fixture.ShapeOf("in.x")[1])));
        baseline.Run(comparison, () =>
        {
            Tensor x = baseline.Input("x");
            return [("y", projection.Forward(mechanism.Attend(new AttentionInputs(query.Forward(x), key.Forward(x), value.Forward(x)))))];
        });
    }

    // Thirds of a joint projection.
    private static AttentionInputs Split(Tensor joint)
    {
        int dim = joint.Shape[-1] / 3;
        return new AttentionInputs(new Columns(joint, 0, dim), new Columns(joint, dim, dim), new Columns(joint, 2 * dim, dim));
    }

    private static Conv2d Pointwise(Baseline baseline, string name)
    {
        Shape weight = baseline.Fixture.ShapeOf($"param.{name}.weight");
        return baseline.Part(name, new Conv2d(weight[1], weight[0], 1, hasBias: baseline.Fixture.Has($"param.{name}.bias")));
    }

    private static int Construct(FixtureCase fixture, string name) => fixture.Meta.GetProperty("construct").GetProperty(name).GetInt32();
}
