using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>The synthesizers of Long Range Arena against plain loops.</summary>
public class FactorizedSynthesizerTests
{
    private const int Batch = 2, Tokens = 5, Heads = 2, HeadDim = 3, Dim = Heads * HeadDim, MaxTokens = 8;

    [Theory]
    [InlineData(SynthesizerParts.Random, 4)]
    [InlineData(SynthesizerParts.Random, null)]
    [InlineData(SynthesizerParts.Dense, null)]
    [InlineData(SynthesizerParts.Random | SynthesizerParts.Dense, 4)]
    [InlineData(SynthesizerParts.Random | SynthesizerParts.Dense, null)]
    public void TheResultIsThatOfPlainLoops(SynthesizerParts parts, int? rank)
    {
        FactorizedSynthesizer mechanism = MechanismSubject.Filled(new FactorizedSynthesizer(new AttentionShape(Dim, Heads, Tokens), rank, MaxTokens, parts));
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, Batch);
        Dictionary<string, float[]> weights = mechanism.NamedParameters().ToDictionary(entry => entry.Name, entry => entry.Parameter.ToArray());
        float[] query = inputs.Query.Source.ToArray(), value = inputs.Value.Source.ToArray();
        float[] expected = new float[Batch * Tokens * Dim];
        for (int image = 0; image < Batch; image++)
        {
            double[] dense = parts.HasFlag(SynthesizerParts.Dense) ? Dense(image) : [];
            for (int head = 0; head < Heads; head++)
            {
                for (int token = 0; token < Tokens; token++)
                {
                    double[] scores = [.. Enumerable.Range(0, Tokens).Select(key =>
                        (dense.Length == 0 ? 0 : dense[(((head * Tokens) + token) * MaxTokens) + key]) + (parts.HasFlag(SynthesizerParts.Random) ? Random(head, token, key) : 0))];
                    double[] exponentials = [.. scores.Select(score => Math.Exp(score - scores.Max()))];
                    for (int channel = head * HeadDim; channel < (head + 1) * HeadDim; channel++)
                    {
                        expected[(((image * Tokens) + token) * Dim) + channel] = (float)(Enumerable.Range(0, Tokens).Sum(key =>
                            exponentials[key] * value[(((image * Tokens) + key) * Dim) + channel]) / exponentials.Sum());
                    }
                }
            }
        }

        MechanismSubject.AssertClose(expected, mechanism.Attend(inputs).ToArray(), 1e-5);

        double Random(int head, int token, int key) => rank is not { } k
            ? weights["random"][(((head * MaxTokens) + token) * MaxTokens) + key]
            : Enumerable.Range(0, k).Sum(i => (double)weights["random1"][(((head * MaxTokens) + token) * k) + i] * weights["random2"][(((head * k) + i) * MaxTokens) + key]);

        // (tokens, heads, keys) as they lie; read above as (heads, tokens, keys).
        double[] Dense(int image)
        {
            double[] scores = new double[Tokens * Heads * MaxTokens];
            for (int i = 0; i < scores.Length; i++)
            {
                (int token, int head, int key) = (i / (Heads * MaxTokens), i / MaxTokens % Heads, i % MaxTokens);
                scores[i] = weights["dense_syn_len.bias"][key];
                for (int channel = 0; channel < HeadDim; channel++)
                {
                    int row = (head * HeadDim) + channel;
                    double hidden = weights["dense_syn.bias"][row] + Enumerable.Range(0, Dim).Sum(j => (double)weights["dense_syn.weight"][(row * Dim) + j] * query[(((image * Tokens) + token) * Dim) + j]);
                    scores[i] += Math.Max(0, hidden) * weights["dense_syn_len.weight"][(key * HeadDim) + channel];
                }
            }

            return scores;
        }
    }

    [Fact]
    public void ScoresAreMadeOfSomething() =>
        Assert.Throws<ArgumentException>(() => new FactorizedSynthesizer(new AttentionShape(Dim, Heads, Tokens), parts: 0));
}
