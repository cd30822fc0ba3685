using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.NN.Tests.Attention;

public class AttentionRegistryTests
{
    [Fact]
    public void NamesAreUnique() => Assert.Equal(AttentionRegistry.All.Count, AttentionRegistry.All.Select(entry => entry.Name).Distinct().Count());

    [Fact]
    public void AnUnknownNameIsAnsweredWithTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() => AttentionRegistry.Find("solar"));
        Assert.Contains("elu", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OnesOwnIsFoundByItsNameAndTakesNoOther()
    {
        var entry = new AttentionEntry("own", "Own", "these tests", "O(N·d²)", shape => new EluLinearAttention(shape));
        AttentionRegistry.Add(entry);
        Assert.Same(entry, AttentionRegistry.Find("own"));
        Assert.Throws<ArgumentException>(() => AttentionRegistry.Add(entry));
        Assert.Throws<ArgumentException>(() => AttentionRegistry.Add(entry with { Name = "elu" }));
    }
}
