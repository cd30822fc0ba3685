using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class BigBirdAttentionTests
{
    [Theory]
    [InlineData(16, 8)]
    [InlineData(16, 2)]
    [InlineData(15, 2)]
    public void SeeingEveryBlockOnceIsSoftmax(int tokens, int block)
    {
        var mechanism = new BigBirdAttention(new AttentionShape(8, 2, tokens), block, randomBlocks: 4);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2);
        Tensor expected = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 2, 0.5f);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 1e-5);
    }

    [Fact]
    public void TheSeedDrawsTheBlocks()
    {
        float[] Attend(ulong seed)
        {
            var mechanism = new BigBirdAttention(new AttentionShape(8, 2, 40) { Seed = seed }, block: 2, randomBlocks: 1);
            return mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 1)).ToArray();
        }

        Assert.Equal(Attend(1), Attend(1));
        Assert.NotEqual(Attend(1), Attend(2));
    }
}
