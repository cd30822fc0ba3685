using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Tests;

public class SequenceClassifierTests
{
    private const int Tokens = 12;

    private static readonly SequenceClassifierConfig s_config = new() { VocabularySize = 10, MaxLength = Tokens, Dim = 8, HiddenDim = 16, HeadDim = 4, DropRate = 0, AttentionDropRate = 0 };

    // Those that need a grid say so when they are made, or in their traits.
    public static TheoryData<string> Names => [.. AttentionRegistry.All.Where(entry => IsOfSequences(entry)).Select(entry => entry.Name), "focused(convolution=false,encoding=false)", "polarity(row=4,gate=learned)"];

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

    [Theory]
    [MemberData(nameof(Names))]
    public void PaddingThatIsTakenOutChangesNeitherLogitsNorGradients(string attention)
    {
        long[] ids = [3, 1, 4, 1, 5, 9, 2, 0, 0, 0, 0, 0, 0, 0, 5, 3, 0, 5, 8, 9, 7, 9, 0, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3];
        SequenceClassifier network = Make(s_config with { Attention = attention });
        TokenRows? rows = TokenRows.Of(ids, Tokens, Device.Cpu);
        Assert.NotNull(rows);
        Tensor tokens = Tensor.From(ids, [3, Tokens]);
        float[][] padded = Results(() => network.Forward(tokens)), taken = Results(() => network.Forward(tokens, [rows]));
        foreach ((float[] expected, float[] actual) in padded.Zip(taken))
        {
            float most = 1e-6f + expected.Max(Math.Abs);
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4f * most));
        }

        float[][] Results(Func<Tensor> forward)
        {
            network.ZeroGrad();
            using MemoryScope scope = MemoryScope.Enter();
            using var tape = Tape.Start();
            Tensor logits = forward();
            tape.Backward((logits.LogSoftmax() * Tensor.From([1, -2, 0.5f], [3, 1])).Slice(1, 0, 1).Sum());
            return [logits.ToArray(), .. network.Parameters().Select(parameter => parameter.Grad?.ToArray() ?? [0])];
        }
    }

    [Fact]
    public void BothSequencesOfAPairMayBeWithoutPadding()
    {
        long[] first = [3, 1, 4, 1, 5, 9, 2, 0, 0, 0, 0, 0], second = [7, 9, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        SequenceClassifier network = Make(s_config with { Attention = "polarity", IsDual = true });
        Tensor pair = Tensor.From([.. first, .. second], [1, 2, Tokens]);
        float[] padded = network.Forward(pair).ToArray(), taken = network.Forward(pair, [TokenRows.Of(first, Tokens, Device.Cpu), TokenRows.Of(second, Tokens, Device.Cpu)]).ToArray();
        Assert.All(padded.Zip(taken), logits => Assert.Equal(logits.First, logits.Second, 1e-5f));
    }

    [Fact]
    public void LittlePaddingIsNotTakenOut() => Assert.Null(TokenRows.Of([3, 1, 4, 1, 5, 9, 2, 3, 8, 4, 6, 0], Tokens, Device.Cpu));

    [Fact]
    public void AClassTokenTakesThePlaceOfTheLast()
    {
        SequenceClassifier network = Make(s_config with { UsesClassToken = true });
        Assert.Equal(network.Forward(Ids(3, 1, 4, 1, 7, 9, 2, 6, 5, 3, 5, 8)).ToArray(), network.Forward(Ids(3, 1, 4, 1, 7, 9, 2, 6, 5, 3, 5, 2)).ToArray());
    }

    [Fact]
    public void SharedLayersHaveTheParametersOfOne() =>
        Assert.Equal(Make(s_config with { NumLayers = 1 }).ParameterCount, Make(s_config with { NumLayers = 3, SharesLayers = true }).ParameterCount);

    [Theory]
    [InlineData("softmax", 209_802, 370_562, 395_138, 173_954, 158_602)]
    [InlineData("polarity", 218_762, 379_522, 404_098, 182_914, 167_562)]
    [InlineData("polarity(positions=true)", 480_906, 903_810, 928_386, 313_986, 298_634)]
    public void TheNetworksOfLongRangeArenaHaveTheirParameters(string attention, int listOps, int text, int retrieval, int pathfinder, int image)
    {
        using (new MetaDevice().Use())
        {
            var config = new SequenceClassifierConfig { Attention = attention };
            Assert.Equal(listOps, new SequenceClassifier(config with { VocabularySize = 32, MaxLength = 2048, NumClasses = 10 }).ParameterCount);
            Assert.Equal(text, new SequenceClassifier(config).ParameterCount);
            Assert.Equal(retrieval, new SequenceClassifier(config with { IsDual = true }).ParameterCount);
            Assert.Equal(pathfinder, new SequenceClassifier(config with { MaxLength = 1024 }).ParameterCount);
            Assert.Equal(image, new SequenceClassifier(config with { VocabularySize = 256, MaxLength = 1024, NumClasses = 10 }).ParameterCount);
        }
    }

    [Theory]
    [InlineData("softmax", true)]
    [InlineData("kernelized", true)]
    [InlineData("polarity", false)]
    public void AttentionWeightsAreDroppedWhereTheOriginalDoesSo(string attention, bool isDropped)
    {
        SequenceClassifier kept = Make(s_config with { Attention = attention, AttentionDropRate = 0 }), dropped = Make(s_config with { Attention = attention, AttentionDropRate = 0.5f });
        Tensor ids = Ids(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8);
        Assert.Equal(kept.Forward(ids).ToArray(), dropped.Forward(ids).ToArray());
        kept.Train();
        dropped.Train();
        Assert.Equal(isDropped, !kept.Forward(ids).ToArray().SequenceEqual(dropped.Forward(ids).ToArray()));
    }

    [Theory]
    [InlineData("skyformer(samples=4)")]
    [InlineData("informer(keys=2,queries=2)")]
    [InlineData("reformer(chunk=2)")]
    public void WhatIsDrawnInEveryPassIsDrawnAnewInEveryTrainingStep(string attention)
    {
        SequenceClassifier network = Make(s_config with { Attention = attention });
        float[] At(ulong step)
        {
            RandomStep.Current = new RandomStep(1, step);
            return network.Forward(Ids(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8)).ToArray();
        }

        Assert.Equal(At(0), At(1));
        network.Train();
        Assert.Equal(At(0), At(0));
        Assert.Contains(Enumerable.Range(1, 5), step => !At(0).SequenceEqual(At((ulong)step)));
    }

    [Fact]
    public void WhatIsDroppedIsNotTheSameInBothSequences()
    {
        SequenceClassifier network = Make(s_config with { IsDual = true, DropRate = 0.5f });
        network.Train();
        long[] ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];

        // The head's first layer weighs x₀ − x₁ alone.
        Parameter weight = network.NamedParameters().Single(entry => entry.Name == "seq_classifer.mlpblock.0.weight").Parameter;
        for (int i = 0; i < weight.Count; i++)
            weight.AsSpan<float>()[i] = i % (4 * s_config.Dim) >= 3 * s_config.Dim ? 1 : 0;
        float[] differing = network.Forward(Tensor.From([.. ids, .. ids], [1, 2, Tokens])).ToArray();
        network.Evaluate();
        float[] same = network.Forward(Tensor.From([.. ids, .. ids], [1, 2, Tokens])).ToArray();
        Assert.NotEqual(same, differing);
        Assert.Equal(same, network.Forward(Tensor.From([.. ids.Reverse(), .. ids.Reverse()], [1, 2, Tokens])).ToArray());
    }

    [Theory]
    [InlineData("polarity", false)]
    [InlineData("polarity(positions=true)", false)]
    [InlineData("polarity(mask=none)", true)]
    [InlineData("polarity++", false)]
    [InlineData("polarity++(rotary=true)", false)]
    [InlineData("polarity++(mask=none)", true)]
    public void PaddingIsNeitherKeyNorValueOfPolarityUnlessItIsTakenForTokens(string attention, bool matters)
    {
        SequenceClassifier network = Make(s_config with { Attention = attention });
        float[] At(params long[] ids) => network.Forward(Ids(ids)).ToArray();
        float[] before = At(3, 1, 4, 1, 5, 9, 2, 6, 5, 0, 0, 0);
        network.NamedParameters().Single(entry => entry.Name == "model.embeddings.position_embeddings.weight").Parameter.AsSpan<float>()[10 * s_config.Dim] += 1;
        Assert.Equal(matters, !before.SequenceEqual(At(3, 1, 4, 1, 5, 9, 2, 6, 5, 0, 0, 0)));
    }

    [Theory]
    [InlineData("polarity++(local=off)", false)]
    [InlineData("polarity++(local=off,rotary=true)", true)]
    public void OrderMattersToPolarityPlusPlusByItsRotaryEncodingAlone(string attention, bool matters)
    {
        SequenceClassifier network = Make(s_config with { Attention = attention });
        network.NamedParameters().Single(entry => entry.Name == "model.embeddings.position_embeddings.weight").Parameter.AsSpan<float>().Clear();
        float[] forwards = network.Forward(Ids(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8)).ToArray(), backwards = network.Forward(Ids(8, 5, 3, 5, 6, 2, 9, 5, 1, 4, 1, 3)).ToArray();
        Assert.Equal(matters, forwards.Zip(backwards).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-5));
    }

    [Fact]
    public void ASequenceReadInRowsIsConvolvedInThePlane()
    {
        Assert.Equal([4, 1, 5, 5], ShapeOf("polarity(row=4)"));
        Assert.Equal([4, 1, 5], ShapeOf("polarity"));
        Assert.Equal(2, Make(s_config with { Attention = "polarity(row=4)" }).Forward(Ids(3, 1, 4, 1, 5, 9, 2, 6, 5, 0, 0, 0)).Count);

        static int[] ShapeOf(string attention)
        {
            Tensor kernel = Make(s_config with { Attention = attention }).NamedParameters().First(entry => entry.Name.EndsWith("dwc.weight")).Parameter;
            return [.. Enumerable.Range(0, kernel.Rank).Select(i => kernel.Shape[i])];
        }
    }

    private static bool IsOfSequences(AttentionEntry entry)
    {
        try
        {
            return !entry.Create(new AttentionShape(8, 2, 12) { IsSequence = true }).Traits.HasFlag(AttentionTraits.Grid);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static SequenceClassifier Make(SequenceClassifierConfig config)
    {
        var network = new SequenceClassifier(config);
        network.Initialize(1);
        network.Evaluate();
        return network;
    }

    private static Tensor Ids(params long[] ids) => Tensor.From(ids, [1, Tokens]);
}
