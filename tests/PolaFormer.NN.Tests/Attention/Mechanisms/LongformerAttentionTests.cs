using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class LongformerAttentionTests
{
    [Fact]
    public void AWindowOverAllIsSoftmax()
    {
        var mechanism = new LongformerAttention(new AttentionShape(8, 2, 7), window: 6) { GlobalTokens = [] };
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2);
        Tensor expected = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 2, 0.5f);
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(inputs).ToArray(), 1e-5);
    }

    [Theory]
    [InlineData(new int[0], false)]
    [InlineData(new[] { 12 }, true)]
    public void TokensOutsideTheWindowAreSeenWhereTheyAreGlobal(int[] global, bool sees)
    {
        var mechanism = new LongformerAttention(new AttentionShape(8, 2, 13), window: 2) { GlobalTokens = global };
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1);
        AttentionInputs changed = inputs with { Value = MechanismSubject.ChangedFrom(inputs.Value.Source, 12) };
        float[] before = mechanism.Attend(inputs).Slice(1, 0, 10).ToArray(), after = mechanism.Attend(changed).Slice(1, 0, 10).ToArray();
        Assert.Equal(sees, !before.SequenceEqual(after));
    }

    [Fact]
    public void AGlobalTokenThatIsNotThereIsRefused()
    {
        var mechanism = new LongformerAttention(new AttentionShape(8, 2, 13)) { GlobalTokens = [13] };
        Assert.Throws<ArgumentException>(() => mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 1)));
    }

    [Fact]
    public void TwiceTheTokensCostTwice()
    {
        var mechanism = new LongformerAttention(new AttentionShape(8, 2, 1024));
        Assert.Equal(2 * mechanism.Cost(1024, 1024).MultiplyAccumulates, mechanism.Cost(2048, 2048).MultiplyAccumulates);
    }
}
