using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Tests;

/// <summary>Sizes and work of the registered models against the published figures.</summary>
public class PaperFigureTests
{
    public static TheoryData<string> Published => [.. ModelRegistry.All.Where(entry => entry.PaperParameters is not null).Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Published))]
    public void CountsAreThePublishedOnes(string name)
    {
        ModelEntry entry = ModelRegistry.Find(name);

        // The paper's tables count no projection of the gate, which the authors' PVT and Swin have.
        VisionModelConfig config = entry.Config is TransformerConfig and not DeiTConfig ? (TransformerConfig)entry.Config with { Polarity = new PolarityOptions { Gate = PolarityGate.Off } } : entry.Config;
        var meta = new MetaDevice();
        using IDisposable use = meta.Use();
        using var scope = MemoryScope.Enter();
        VisionModel model = config.Create();
        model.Evaluate();
        model.Forward(Tensor.Empty([1, config.ImageSize, config.ImageSize, 3]));
        AssertPrinted(entry.PaperParameters, model.ParameterCount / 1e6);

        // Nor, for PVT, all of the attention's own products: 2.14 and 4.22 G here for 2.0 and 4.1 G.
        if (!name.StartsWith("pola_pvt", StringComparison.Ordinal))
            AssertPrinted(entry.PaperMacs, meta.MultiplyAccumulates / 1e9);
    }

    // Within 2 %, or less than one in the last digit printed, which some tables cut off.
    private static void AssertPrinted(double? printed, double counted)
    {
        if (printed is not { } figure)
            return;
        double digit = figure == Math.Floor(figure) ? 1 : Math.Abs((figure * 10) - Math.Round(figure * 10)) < 1e-9 ? 0.1 : 0.01;
        Assert.True(Math.Abs(counted - figure) <= Math.Max(0.02 * figure, digit), $"{counted:F3} for {figure}");
    }
}
