using System.Text.Json;
using PolaFormer.NN;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class SgdTests
{
    [Fact]
    public void FollowsTorch()
    {
        using var reference = new RecipeFixture("optim_sgd_nesterov");
        JsonElement arguments = reference.Meta.GetProperty("args");
        Parameter weight = GivenParameter.From(reference, "w"), bias = GivenParameter.From(reference, "b");
        var optimizer = new Sgd([new([("w", weight)], arguments.GetProperty("weight_decay").GetDouble()), new([("b", bias)], 0)]);
        double[] weights = reference.Doubles("out64.w"), biases = reference.Doubles("out64.b");
        for (int step = 0; step < reference.ShapeOf("out.w")[0]; step++)
        {
            GivenParameter.SetGradient(weight, reference.Floats($"in.g.w.{step}"));
            GivenParameter.SetGradient(bias, reference.Floats($"in.g.b.{step}"));
            optimizer.Step(arguments.GetProperty("lr").GetDouble());
            GivenParameter.AssertClose(weights.AsSpan(step * (int)weight.Count, (int)weight.Count), weight, reference.Tolerance("out.w"));
            GivenParameter.AssertClose(biases.AsSpan(step * (int)bias.Count, (int)bias.Count), bias, reference.Tolerance("out.b"));
        }
    }

    [Fact]
    public void AGroupsFactorScalesTheStep()
    {
        Parameter whole = GivenParameter.Of([1f]), half = GivenParameter.Of([1f]);
        var optimizer = new Sgd([new([("whole", whole)], 0), new([("half", half)], 0, LearningRateScale: 0.5)], momentum: 0);
        GivenParameter.SetGradient(whole, [1]);
        GivenParameter.SetGradient(half, [1]);
        optimizer.Step(0.5);
        Assert.Equal([0.5f, 0.75f], [whole.ToArray()[0], half.ToArray()[0]]);
    }
}
