using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class NystromAttentionTests
{
    [Fact]
    public void AsManyLandmarksAsTokensIsSoftmax()
    {
        var mechanism = new NystromAttention(new AttentionShape(8, 2, 7), landmarks: 20);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2);
        Tensor expected = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 2, 0.5f);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 1e-5);
    }

    // Tokens that repeat make the landmarks the tokens themselves, and the approximation exact.
    [Fact]
    public void RepeatedTokensAreExact()
    {
        var mechanism = new NystromAttention(new AttentionShape(4, 1, 12), landmarks: 3);
        AttentionInputs few = MechanismSubject.Inputs(new NystromAttention(new AttentionShape(4, 1, 3)), batch: 1);
        AttentionInputs inputs = MechanismSubject.Map(few, x => MechanismSubject.Reorder(x * 4, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]));
        Tensor expected = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 1, 0.5f);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 2e-2);
    }

    [Fact]
    public void AnEvenConvolutionIsRefused() =>
        Assert.Throws<ArgumentException>(() => new NystromAttention(new AttentionShape(4, 1, 8), convolutionSize: 4));
}
