using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class PerformerAttentionTests
{
    private static readonly AttentionShape s_shape = new(8, 2, 12) { Seed = 3 };

    [Fact]
    public void DirectionsOfABlockAreOrthogonal()
    {
        float[] w = new PerformerAttention(s_shape, features: 10).Projection.ToArray();
        for (int i = 0; i < 10; i++)
        {
            for (int j = i / 4 * 4; j < i; j++)
                Assert.Equal(0, Enumerable.Range(0, 4).Sum(c => w[(4 * i) + c] * w[(4 * j) + c]), 1e-5);
        }
    }

    [Fact]
    public void ManyFeaturesComeNearSoftmax()
    {
        var mechanism = new PerformerAttention(s_shape, features: 4000);
        AttentionInputs inputs = MechanismSubject.Map(MechanismSubject.Inputs(mechanism, batch: 1), x => x * 0.6f);
        Tensor expected = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 2, 0.5f);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 0.05);
    }

    [Fact]
    public void TheSeedDrawsTheDirectionsUnlessTheyAreGiven()
    {
        var drawn = new PerformerAttention(s_shape);
        Assert.NotEqual(drawn.Projection.ToArray(), new PerformerAttention(s_shape with { Seed = 4 }).Projection.ToArray());
        Assert.Equal(drawn.Projection.ToArray(), new PerformerAttention(s_shape with { Seed = 4 }) { Projection = drawn.Projection }.Projection.ToArray());
    }
}
