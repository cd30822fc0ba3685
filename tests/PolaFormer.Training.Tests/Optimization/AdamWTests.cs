using System.Text.Json;
using PolaFormer.NN;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class AdamWTests
{
    [Theory]
    [InlineData("optim_adamw")]
    [InlineData("optim_adamw_clip")]
    public void FollowsTorch(string fixture)
    {
        using var reference = new RecipeFixture(fixture);
        JsonElement arguments = reference.Meta.GetProperty("args");
        double? clip = arguments.GetProperty("clip_grad_norm") is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
        Parameter weight = GivenParameter.From(reference, "w"), bias = GivenParameter.From(reference, "b");
        var optimizer = new AdamW([new([("w", weight)], arguments.GetProperty("weight_decay").GetDouble()), new([("b", bias)], 0)]);

        double[] norms = reference.Doubles("out64.norm"), weights = reference.Doubles("out64.w"), biases = reference.Doubles("out64.b");
        for (int step = 0; step < norms.Length; step++)
        {
            // The recording holds the gradients as clipping left them.
            double factor = clip is { } limit ? (norms[step] + 1e-6) / limit : 1;
            GivenParameter.SetGradient(weight, reference.Floats($"in.g.w.{step}"), factor);
            GivenParameter.SetGradient(bias, reference.Floats($"in.g.b.{step}"), factor);
            double norm = clip is { } max ? GradientClipping.ByNorm([weight, bias], max) : GradientClipping.Norm([weight, bias]);
            optimizer.Step(arguments.GetProperty("lr").GetDouble());
            Assert.Equal(norms[step], norm, reference.Tolerance("out.norm"));
            GivenParameter.AssertClose(weights.AsSpan(step * (int)weight.Count, (int)weight.Count), weight, reference.Tolerance("out.w"));
            GivenParameter.AssertClose(biases.AsSpan(step * (int)bias.Count, (int)bias.Count), bias, reference.Tolerance("out.b"));
        }
    }

    [Fact]
    public void AParameterWithoutAGradientStays()
    {
        var parameter = new Parameter([3], Initializer.Ones);
        Initializer.Ones.Fill(parameter, 0, 0);
        new AdamW([new([("p", parameter)], 0.5)]).Step(1);
        Assert.Equal([1, 1, 1], parameter.ToArray());
    }
}
