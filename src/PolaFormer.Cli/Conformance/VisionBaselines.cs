using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Cli.Conformance;

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
