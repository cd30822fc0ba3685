using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

public class InformerAttentionTests
{
    [Fact]
    public void ActiveQueriesAttendAndTheOthersGetTheMean()
    {
        AttentionShape shape = new(4, 1, 9) { Seed = 5 };
        var all = new InformerAttention(shape, activeQueries: 9);
        AttentionInputs inputs = MechanismSubject.Inputs(all, batch: 1);
        float[] softmax = Tensor.SoftmaxAttention(inputs.Query, inputs.Key, inputs.Value, 1, 0.5f).ToArray(), mean = inputs.Value.Source.Mean(1).ToArray();
        MechanismSubject.AssertClose(softmax, all.Attend(inputs).ToArray(), 1e-5);

        float[] some = new InformerAttention(shape, activeQueries: 3).Attend(inputs).ToArray();
        bool IsRow(int token, Func<int, float> row) => Enumerable.Range(0, 4).All(c => Math.Abs(some[(4 * token) + c] - row(c)) < 1e-5f);
        Assert.Equal(3, Enumerable.Range(0, 9).Count(token => IsRow(token, c => softmax[(4 * token) + c])));
        Assert.Equal(6, Enumerable.Range(0, 9).Count(token => IsRow(token, c => mean[c])));
    }
}
