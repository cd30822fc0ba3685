using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Tests;

public class SequenceClassifierTests
{
    private const int Tokens = 12;

    private static readonly SequenceClassifierConfig s_config = new() { VocabularySize = 10, MaxLength = Tokens, Dim = 8, HiddenDim = 16, HeadDim = 4, DropRate = 0 };

    public static TheoryData<string> Names => [.. AttentionRegistry.All
        .Where(entry => (entry.Create(AttentionShape.Grid(8, 2, 3, 4)).Traits & (AttentionTraits.Grid | AttentionTraits.Gated)) == 0)
        .Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryMechanismOfSequencesTrainsInIt(string attention)
    {
        SequenceClassifier network = Make(s_config with { Attention = attention });
        network.Train();
        using MemoryScope scope = MemoryScope.Enter();
        using (var tape = Tape.Start())
            tape.Backward(network.Forward(Ids(3, 1, 4, 1, 5, 9, 2, 6, 5, 0, 0, 0)).LogSoftmax().Slice(1, 0, 1).Sum());
        Assert.All(network.Parameters().Where(parameter => parameter.Grad is not null), parameter => Assert.All(parameter.Grad!.ToArray(), value => Assert.True(float.IsFinite(value))));
        Assert.Contains(network.NamedParameters().Single(entry => entry.Name == "model.transformer_0.mha.W_v.weight").Parameter.Grad!.ToArray(), value => value != 0);
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void ATokenOfKind0IsPadding(int position, bool matters)
    {
        SequenceClassifier network = Make(s_config);
        Tensor ids = Ids(3, 1, 4, 1, 0, 9, 2, 6, 5, 3, 5, 8);
        float[] before = network.Forward(ids).ToArray();
        Parameter positions = network.NamedParameters().Single(entry => entry.Name == "model.embeddings.position_embeddings.weight").Parameter;
        positions.AsSpan<float>()[position * s_config.Dim] += 1;
        Assert.Equal(matters, !before.SequenceEqual(network.Forward(ids).ToArray()));
    }

    [Fact]
    public void AClassTokenTakesThePlaceOfTheLast()
    {
        SequenceClassifier network = Make(s_config with { UsesClassToken = true });
        Assert.Equal(network.Forward(Ids(3, 1, 4, 1, 7, 9, 2, 6, 5, 3, 5, 8)).ToArray(), network.Forward(Ids(3, 1, 4, 1, 7, 9, 2, 6, 5, 3, 5, 2)).ToArray());
    }

    [Fact]
    public void SharedLayersHaveTheParametersOfOne() =>
        Assert.Equal(Make(s_config with { NumLayers = 1 }).ParameterCount, Make(s_config with { NumLayers = 3, SharesLayers = true }).ParameterCount);

    private static SequenceClassifier Make(SequenceClassifierConfig config)
    {
        var network = new SequenceClassifier(config);
        network.Initialize(1);
        network.Evaluate();
        return network;
    }

    private static Tensor Ids(params long[] ids) => Tensor.From(ids, [1, Tokens]);
}
