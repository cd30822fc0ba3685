using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>What every registered mechanism must keep, as far as its traits promise it.</summary>
public class MechanismTests
{
    private const int Dim = 8, Heads = 2;

    public static TheoryData<string> Names => [.. RegisteredAttentions.All.Select(entry => entry.Name)];

    public static TheoryData<string> Masked => With(AttentionTraits.Masked);

    public static TheoryData<string> Causal => With(AttentionTraits.Causal);

    public static TheoryData<string> Cross => With(AttentionTraits.CrossAttention);

    public static TheoryData<string> Equivariant => With(AttentionTraits.PermutationEquivariant);

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientEqualsCentralDifferences(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 3, width: 3, Dim, Heads);
        MechanismSubject.AssertGradient(mechanism);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void HeadsMayHaveAnOddNumberOfChannels(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 2, width: 3, dim: 10, Heads);
        MechanismSubject.AssertGradient(mechanism);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OneTokenGivesAFiniteResult(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 1, width: 1, Dim, Heads);
        Assert.All(mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 2)).ToArray(), y => Assert.True(float.IsFinite(y)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ImagesOfABatchDoNotSeeEachOther(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 5, width: 7, Dim, Heads);
        AttentionInputs both = MechanismSubject.Inputs(mechanism, batch: 2);
        AttentionInputs first = MechanismSubject.Select(both, 0);
        MechanismSubject.AssertClose(mechanism.Attend(both).Slice(0, 0, 1).ToArray(), mechanism.Attend(first).ToArray(), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FrozenForInferenceItGivesTheSame(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 5, width: 7, Dim, Heads);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2);
        float[] expected = mechanism.Attend(inputs).ToArray();
        mechanism.OptimizeForInference();
        MechanismSubject.AssertClose(expected, mechanism.Attend(inputs).ToArray(), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheDeclaredMultiplyAccumulatesAreThoseOfACountedRun(string name)
    {
        var meta = new MetaDevice();
        using (meta.Use())
        {
            AttentionMechanism mechanism = MechanismSubject.Make(name, height: 5, width: 7, Dim, Heads);
            mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 1));
            Assert.Equal(meta.MultiplyAccumulates, mechanism.Cost(35, 35).MultiplyAccumulates);
        }
    }

    [Theory]
    [MemberData(nameof(Equivariant))]
    public void PermutedTokensGiveThePermutedResult(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 3, width: 5, Dim, Heads);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1);
        int[] order = [.. Enumerable.Range(0, 15).Select(i => i * 4 % 15)];
        Tensor expected = MechanismSubject.Reorder(mechanism.Attend(inputs), order);
        AttentionInputs permuted = MechanismSubject.Map(inputs, tokens => MechanismSubject.Reorder(tokens, order));
        MechanismSubject.AssertClose(expected.ToArray(), mechanism.Attend(permuted).ToArray(), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Masked))]
    public void PaddingDoesNotReachTheTokens(string name)
    {
        const int tokens = 11, valid = 8;
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 0, width: tokens, Dim, Heads);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1) with { Mask = Tensor.From([.. Enumerable.Range(0, tokens).Select(i => i < valid ? 1f : 0)], [1, tokens]) };
        float[] before = mechanism.Attend(inputs).Slice(1, 0, valid).ToArray();
        AttentionInputs changed = MechanismSubject.Map(inputs, x => MechanismSubject.ChangedFrom(x, valid));
        if (mechanism.SeesQueriesOfPadding)
            changed = changed with { Query = inputs.Query };
        MechanismSubject.AssertClose(before, mechanism.Attend(changed).Slice(1, 0, valid).ToArray(), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Causal))]
    public void ACausalTokenDoesNotSeeThoseAfterIt(string name)
    {
        const int tokens = 150, seen = 70;
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 0, width: tokens, Dim, Heads);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1) with { IsCausal = true };
        AttentionInputs changed = MechanismSubject.Map(inputs, x => MechanismSubject.ChangedFrom(x, seen));
        MechanismSubject.AssertClose(mechanism.Attend(inputs).Slice(1, 0, seen).ToArray(), mechanism.Attend(changed).Slice(1, 0, seen).ToArray(), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Cross))]
    public void KeysMayBeOfOtherTokens(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 0, width: 5, Dim, Heads);
        Tensor key = MechanismSubject.Random(new Shape(2, 9, Dim), 21), value = MechanismSubject.Random(new Shape(2, 9, Dim), 22);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2) with { Key = key, Value = value };
        Tensor y = mechanism.Attend(inputs);
        Assert.Equal(new Shape(2, 5, Dim), y.Shape);

        // A query sees the same keys as where it is one of as many queries; some mechanisms look at all queries together.
        if (mechanism.Traits.HasFlag(AttentionTraits.PermutationEquivariant) || name == "cosformer")
        {
            Tensor queries = Tensor.Concat(1, inputs.Query.Source, MechanismSubject.Random(new Shape(2, 4, Dim), 23));
            Tensor all = MechanismSubject.Make(name, height: 0, width: 9, Dim, Heads).Attend(inputs with { Query = queries });
            MechanismSubject.AssertClose(all.Slice(1, 0, 5).ToArray(), y.ToArray(), 1e-4);
        }

        // The result is the sum of the values by the weights of their keys.
        float[] weights = [.. Enumerable.Range(0, 9).Select(i => mechanism.Attend(inputs with { Value = Unit(i) }).Slice(1, 2, 1).ToArray()[1])];
        float[] values = value.Slice(0, 0, 1).ToArray();
        Assert.Equal(Enumerable.Range(0, 9).Sum(i => (double)weights[i] * values[(i * Dim) + 1]), y.Slice(1, 2, 1).ToArray()[1], 1e-4 * y.ToArray().Max(MathF.Abs));
        Assert.Contains(y.ToArray(), element => element != 0);

        static Tensor Unit(int token)
        {
            Tensor unit = Tensor.Zeros([2, 9, Dim]);
            for (int channel = 0; channel < 2 * Dim; channel++)
                unit.AsSpan<float>()[(channel / Dim * 9 * Dim) + (token * Dim) + (channel % Dim)] = 1;
            return unit;
        }
    }

    [Theory]
    [InlineData("polarity")]
    [InlineData("polarity++")]
    [InlineData("window")]
    [InlineData("focused")]
    public void WhatFollowsFromParametersAloneIsComputedOnceWhenFrozen(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.Make(name, height: 4, width: 4, Dim, Heads);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 2);
        float[] expected = mechanism.Mix(inputs).ToArray();
        mechanism.OptimizeForInference();
        Assert.Equal(expected, mechanism.Mix(inputs).ToArray());

        // What a frozen mechanism no longer reads does not change its result.
        foreach ((string parameter, Parameter values) in mechanism.NamedParameters().Where(entry => entry.Name is "power" or "scale" or "s1" or "s2" or "relative_position_bias_table"))
            values.AsSpan<float>().Fill(0.7f);
        Assert.Equal(expected, mechanism.Mix(inputs).ToArray());
    }

    private static TheoryData<string> With(AttentionTraits trait) =>
        [.. RegisteredAttentions.All.Where(entry => entry.Create(AttentionShape.Grid(Dim, Heads, 3, 5)).Traits.HasFlag(trait)).Select(entry => entry.Name)];
}
