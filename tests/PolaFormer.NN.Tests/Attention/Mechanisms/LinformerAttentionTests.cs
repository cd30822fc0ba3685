using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class LinformerAttentionTests
{
    [Fact]
    public void ProjectingNothingAwayIsSoftmax()
    {
        var mechanism = new LinformerAttention(new AttentionShape(8, 2, 5), projected: 5);
        Parameter projection = mechanism.Parameters().Single();
        for (int i = 0; i < projection.Count; i++)
            projection.AsSpan<float>()[i] = i % 25 % 6 == 0 ? 1 : 0;
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2);
        Tensor expected = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 2, 0.5f);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 1e-5);
    }
}
