using PolaFormer.NN.Attention;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Analysis.Tests;

public class AttentionWeightsTests
{
    private const int Dim = 8, Heads = 2, HeadDim = Dim / Heads, Height = 3, Width = 5, Tokens = Height * Width;

    [Fact]
    public void ARowIsThatOfTheClosedForm()
    {
        ProbedLayer layer = Layer("elu");
        float[][] row = AttentionWeights.Row(layer, 7);
        for (int head = 0; head < Heads; head++)
        {
            double[] map = AttentionMaps.Elu(Head(layer.Inputs.Query, head), Head(layer.Inputs.Key, head), HeadDim);
            for (int key = 0; key < Tokens; key++)
                Assert.Equal(map[(7 * Tokens) + key], row[head][key], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void RowsAreThoseOfTheWholeMap(string name)
    {
        ProbedLayer layer = Layer(name);
        float[][] maps = AttentionWeights.Maps(layer);
        float[][] row = AttentionWeights.Row(layer, 4);
        for (int i = 0; i < row.Length; i++)
            for (int key = 0; key < Tokens; key++)
                Assert.Equal(maps[i][(4 * Tokens) + key], row[i][key], 1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheMapTimesTheValuesIsTheMix(string name)
    {
        ProbedLayer layer = Layer(name);
        float[][] maps = AttentionWeights.Maps(layer);
        float[] mixed = layer.Mechanism.Mix(layer.Inputs).ToArray(), values = layer.Inputs.Value.Source.ToArray();
        for (int query = 0; query < Tokens; query++)
        {
            for (int c = 0; c < Dim; c++)
            {
                int head = c / HeadDim, stream = c % HeadDim / (HeadDim / layer.Streams);
                double sum = 0;
                for (int key = 0; key < Tokens; key++)
                    sum += maps[(head * layer.Streams) + stream][(query * Tokens) + key] * (double)values[(key * Dim) + c];
                Assert.Equal(sum, mixed[(query * Dim) + c], 2e-3 * Math.Max(1, Math.Abs(sum)));
            }
        }
    }

    [Fact]
    public void OfFiveChannelsTheFirstStreamReadsThree()
    {
        const int dim = 10, headDim = 5;
        ProbedLayer layer = Layer("polarity", dim);
        float[][] maps = AttentionWeights.Maps(layer);
        float[] mixed = layer.Mechanism.Mix(layer.Inputs).ToArray(), values = layer.Inputs.Value.Source.ToArray();
        for (int i = 0; i < mixed.Length; i++)
        {
            (int query, int c) = (i / dim, i % dim);
            float[] map = maps[(c / headDim * 2) + (c % headDim < 3 ? 0 : 1)];
            double sum = Enumerable.Range(0, Tokens).Sum(key => map[(query * Tokens) + key] * (double)values[(key * dim) + c]);
            Assert.Equal(sum, mixed[i], 2e-3 * Math.Max(1, Math.Abs(sum)));
        }

        GateProfile gate = GateProfile.Of(layer)[1];
        float[] gates = layer.Inputs.Gate!.Value.Source.ToArray();
        Assert.Equal((2, gates[headDim], gates[headDim + 3]), (gate.Channels, gate.Same[0], gate.Opposite[0]));
    }

    [Fact]
    public void RowSumsAreTheSumsOfRows()
    {
        ProbedLayer layer = Layer("relu");
        float[][] sums = AttentionWeights.RowSums(layer), row = AttentionWeights.Row(layer, 2);
        for (int i = 0; i < row.Length; i++)
            Assert.Equal(row[i].Sum(), sums[i][2], 1e-5);
    }

    [Fact]
    public void WindowsOfARolledImageAreFoundAgain()
    {
        // A 4×4 image rolled by one token and cut into four windows: each query sees its own window's tokens alone.
        AttentionMechanism mechanism = Make("elu", 2, 2);
        var window = new Shape(4, 4, Dim);
        var layer = new ProbedLayer("swin", mechanism, new AttentionInputs(Random(window, 1), Random(window, 2), Random(window, 3)) { Height = 2, Width = 2, Windows = new WindowGrid(2, 2, 1) });
        int[] seen = [.. AttentionWeights.Row(layer, (1 * 4) + 1)[0].Index().Where(entry => entry.Item != 0).Select(entry => entry.Index)];
        Assert.Equal([(1 * 4) + 1, (1 * 4) + 2, (2 * 4) + 1, (2 * 4) + 2], seen);
        int[] wrapped = [.. AttentionWeights.Row(layer, 0)[0].Index().Where(entry => entry.Item != 0).Select(entry => entry.Index)];
        Assert.Equal([0, 3, 12, 15], wrapped);
    }

    [Fact]
    public void RolloutSharesSumToOne()
    {
        float[] shares = AttentionRollout.Of([Layer("elu"), Layer("relu")]);
        Assert.Equal(Tokens, shares.Length);
        Assert.Equal(1, shares.Sum(), 1e-5);
        Assert.All(shares, share => Assert.True(share > 0));
    }

    [Fact]
    public void RolloutThroughACoarserStageSpreadsItsTokens()
    {
        // Equal queries and keys attend evenly, so every token of the fine grid ends with the same share.
        ProbedLayer Even(int side)
        {
            Tensor same = Tensor.Full([1, side * side, Dim], 0.5f);
            return new ProbedLayer("even", Make("elu", side, side), new AttentionInputs(same, same, same) { Height = side, Width = side });
        }

        Assert.All(AttentionRollout.Of([Even(4), Even(2)]), share => Assert.Equal(1f / 16, share, 1e-6));
    }

    public static TheoryData<string> Names => [.. AttentionRegistry.All.Select(entry => entry.Name)];

    private static ProbedLayer Layer(string name, int dim = Dim)
    {
        AttentionMechanism mechanism = Make(name, Height, Width, dim);
        var shape = new Shape(1, Tokens, dim);
        return new ProbedLayer(name, mechanism, new AttentionInputs(Random(shape, 1), Random(shape, 2), Random(shape, 3))
        {
            Height = Height,
            Width = Width,
            Gate = mechanism.Traits.HasFlag(AttentionTraits.Gated) ? Random(shape, 4) : default(Columns?),
        });
    }

    private static AttentionMechanism Make(string name, int height, int width, int dim = Dim)
    {
        AttentionMechanism mechanism = AttentionRegistry.Find(name).Create(AttentionShape.Grid(dim, Heads, height, width));
        mechanism.Initialize(3);
        mechanism.Evaluate();
        return mechanism;
    }

    private static double[] Head(Columns x, int head) =>
        [.. x.Source.ToArray().Chunk(Dim).SelectMany(token => token.Skip(head * HeadDim).Take(HeadDim)).Select(value => (double)value)];

    private static Tensor Random(Shape shape, ulong stream)
    {
        Tensor x = Tensor.Empty(shape);
        new Philox(11, stream).FillNormal(x.AsSpan<float>(), 0);
        return x;
    }
}
