using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>Windows cut by the mechanism itself, with padding and tokens before the grid.</summary>
public class WindowSoftmaxAttentionTests
{
    private const int Dim = 8, Heads = 2;

    [Fact]
    public void AGridOfWindowsGivesWhatEachWindowGivesAlone()
    {
        WindowSoftmaxAttention cut = Make(AttentionShape.Grid(Dim, Heads, 4, 6), window: 2);
        AttentionInputs inputs = MechanismSubject.Inputs(cut, batch: 2);
        float[] whole = cut.Attend(inputs).Slice(0, 1, 1).ToArray();

        // The second window of the second row: tokens at rows 2, 3 and columns 2, 3.
        int[] tokens = [14, 15, 20, 21];
        WindowSoftmaxAttention single = Make(AttentionShape.Grid(Dim, Heads, 2, 2), window: 2);
        AttentionInputs alone = MechanismSubject.Map(MechanismSubject.Select(inputs, 1), x => MechanismSubject.Reorder(x, tokens)) with { Height = 2, Width = 2 };
        float[] expected = [.. tokens.SelectMany(token => whole.AsSpan(token * Dim, Dim).ToArray())];
        MechanismSubject.AssertClose(expected, single.Attend(alone).ToArray(), 1e-5);
    }

    [Fact]
    public void PaddingAtTheEdgeIsNotSeen()
    {
        WindowSoftmaxAttention attention = Make(AttentionShape.Grid(Dim, Heads, 3, 5), window: 3);
        AttentionInputs inputs = MechanismSubject.Inputs(attention, batch: 2) with { Value = Tensor.Full([2, 15, Dim], 3) };
        Assert.All(attention.Attend(inputs).ToArray(), y => Assert.Equal(3, y, 1e-5));
    }

    [Fact]
    public void TokensBeforeTheGridSeeEveryTokenAndAreSeenByAll()
    {
        WindowSoftmaxAttention attention = Make(AttentionShape.Grid(Dim, Heads, 2, 4) with { Tokens = 9, KeyTokens = 9, PrefixTokens = 1 }, window: 2);
        AttentionInputs inputs = MechanismSubject.Inputs(attention, batch: 2) with { PrefixTokens = 1 };
        float[] before = attention.Attend(inputs).ToArray();
        Assert.All(Changed(8), token => Assert.Contains(token % 9, (int[])[0, 3, 4, 7, 8]));
        Assert.Equal(18, Changed(0).Count());

        // The tokens whose result changes with the value of one.
        IEnumerable<int> Changed(int token)
        {
            Tensor value = inputs.Value.Source;
            Tensor other = Tensor.Concat(1, value.Slice(1, 0, token), value.Slice(1, token, 1) + 1, value.Slice(1, token + 1, 8 - token));
            float[] after = attention.Attend(inputs with { Value = other }).ToArray();
            return Enumerable.Range(0, after.Length).Where(i => Math.Abs(after[i] - before[i]) > 1e-6).Select(i => i / Dim).Distinct();
        }
    }

    private static WindowSoftmaxAttention Make(AttentionShape shape, int window)
    {
        var attention = new WindowSoftmaxAttention(shape, window);
        Parameter table = attention.Parameters().Single();
        MechanismSubject.Random(table.Shape, 3).AsSpan<float>().CopyTo(table.AsSpan<float>());
        attention.Evaluate();
        return attention;
    }
}
