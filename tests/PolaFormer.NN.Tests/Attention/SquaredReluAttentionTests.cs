using OwnAttention;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Tests.Attention.Mechanisms;

namespace PolaFormer.NN.Tests.Attention;

public class SquaredReluAttentionTests
{
    private readonly MechanismTests _laws = new();

    static SquaredReluAttentionTests() => AttentionRegistry.Add(SquaredReluAttention.Entry);

    private static string Name => SquaredReluAttention.Entry.Name;

    [Fact]
    public void ItsGradientIsRight() => _laws.GradientEqualsCentralDifferences(Name);

    [Fact]
    public void ItsCostIsCounted() => _laws.TheDeclaredMultiplyAccumulatesAreThoseOfACountedRun(Name);

    [Fact]
    public void ItKeepsWhatItsTraitsPromise()
    {
        _laws.PaddingDoesNotReachTheTokens(Name);
        _laws.ACausalTokenDoesNotSeeThoseAfterIt(Name);
        _laws.KeysMayBeOfOtherTokens(Name);
        _laws.PermutedTokensGiveThePermutedResult(Name);
    }
}
