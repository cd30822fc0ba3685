using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Cli.Conformance;

/// <summary>Cases of attentions for long sequences, one method a repository.</summary>
internal static class SequenceBaselines
{
    /// <summary>Layout (B, N, heads, d); keys beyond an image's length are padding.</summary>
    public static void RunKatharopoulos(FixtureCase fixture, Comparison comparison)
    {
        Shape shape = fixture.ShapeOf("in.Q");
        (int batch, int tokens, int heads, int headDim) = (shape[0], shape[1], shape[2], shape[3]);
        int[] lengths = fixture.Meta.GetProperty("construct").GetProperty("key_lengths").Integers();
        int keys = fixture.ShapeOf("in.K")[1];
        var mask = new float[batch * keys];
        for (int i = 0; i < mask.Length; i++)
            mask[i] = i % keys < lengths[i / keys] ? 1 : 0;

        var baseline = new Baseline { Fixture = fixture };
        var mechanism = baseline.Part("", new EluLinearAttention(new AttentionShape(heads * headDim, heads, tokens)));
        baseline.Run(comparison, () =>
        {
            var inputs = new AttentionInputs(Tokens("Q"), Tokens("K"), Tokens("V")) { Mask = Tensor.From(mask, [batch, keys]) };
            return [("y", mechanism.Attend(inputs).Reshape(fixture.ShapeOf("out.y")))];
        });

        Tensor Tokens(string name) => baseline.Input(name).Reshape(batch, -1, heads * headDim);
    }
}
