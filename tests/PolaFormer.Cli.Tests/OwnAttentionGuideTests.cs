namespace PolaFormer.Cli.Tests;

/// <summary>docs/add-your-own-attention.md shows files that compile and run.</summary>
public class OwnAttentionGuideTests
{
    [Theory]
    [InlineData("samples/OwnAttention/SquaredReluAttention.cs")]
    [InlineData("samples/OwnAttention/Program.cs")]
    [InlineData("tests/PolaFormer.NN.Tests/Attention/SquaredReluAttentionTests.cs")]
    public void ShowsTheFileAsItIs(string file)
    {
        string guide = File.ReadAllText(Path.Combine(Polaformer.Root, "docs", "add-your-own-attention.md"));
        Assert.Contains($"```csharp\n{File.ReadAllText(Path.Combine(Polaformer.Root, file))}```", guide, StringComparison.Ordinal);
    }
}
