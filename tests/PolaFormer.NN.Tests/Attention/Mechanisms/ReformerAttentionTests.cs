using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class ReformerAttentionTests
{
    [Fact]
    public void OppositeTokensFallIntoOppositeBuckets()
    {
        var mechanism = new ReformerAttention(new AttentionShape(8, 2, 16), bucket: 2);
        Tensor query = MechanismSubject.Random(new Shape(1, 16, 8), 1);
        long[] buckets = mechanism.Buckets(query).ToArray<long>(), opposite = mechanism.Buckets(query * -3).ToArray<long>();
        Assert.All(buckets.Zip(opposite), pair => Assert.Equal(4, Math.Abs(pair.First - pair.Second)));
        Assert.True(buckets.Distinct().Count() > 4);
    }

    // Two chunks see each other, so that every token sees all others.
    [Fact]
    public void TwoChunksAreSoftmaxOverTheOtherTokens()
    {
        var mechanism = new ReformerAttention(new AttentionShape(4, 1, 7), bucket: 4, rounds: 1);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1);
        Tensor query = inputs.Query.Source, length = (query * query).Sum(2, keepDimensions: true).Sqrt();
        Tensor self = Tensor.From([.. Enumerable.Range(0, 49).Select(i => i % 8 == 0 ? -1e9f : 0)], [1, 7, 7]);
        Tensor expected = Tensor.SoftmaxAttention(query, query / length, inputs.Value, 1, 0.5f, mask: self);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 1e-5);
    }
}
