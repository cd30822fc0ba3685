using PolaFormer.NN.Attention;
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
    public void ParametersAreThePublishedOnes(string name)
    {
        // The paper's tables count no projection of the gate, which the authors' PVT and Swin have.
        VisionModelConfig config = ModelRegistry.Find(name).Config;
        if (config is TransformerConfig transformer and not DeiTConfig)
            config = transformer with { Polarity = new PolarityOptions { Gate = PolarityGate.Off } };
        using IDisposable use = new MetaDevice().Use();
        AssertPrinted(ModelRegistry.Find(name).PaperParameters, config.Create().ParameterCount / 1e6, coarsestDigit: 1);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void MultiplyAccumulatesAreThePublishedOnes(string name)
    {
        ModelEntry entry = ModelRegistry.Find(name);
        var meta = new MetaDevice();
        using IDisposable use = meta.Use();
        using var scope = MemoryScope.Enter();
        long products = 0;
        using IDisposable observation = AttentionMechanism.Observe((mechanism, inputs) =>
        {
            long before = meta.MultiplyAccumulates;
            mechanism.Mix(inputs);
            products += meta.MultiplyAccumulates - before;
        });
        VisionModel model = entry.Create();
        model.Evaluate();
        model.Forward(Tensor.Empty([1, entry.ImageSize, entry.ImageSize, 3]));
        long counted = meta.MultiplyAccumulates - products;

        // The paper's figures for PVT and Swin are those of the layers, without the products of attention.
        bool isOfLayers = name.StartsWith("pola_pvt", StringComparison.Ordinal) || name.StartsWith("pola_swin", StringComparison.Ordinal);
        AssertPrinted(entry.PaperMacs, (isOfLayers ? counted - products : counted) / 1e9, coarsestDigit: 0.1);
    }

    // Within 2 %, or less than one in the last digit printed, which some tables cut off.
    private static void AssertPrinted(double? printed, double counted, double coarsestDigit)
    {
        if (printed is not { } figure)
            return;
        double digit = ((double[])[1, 0.1, 0.01]).First(unit => unit <= coarsestDigit && Math.Abs((figure / unit) - Math.Round(figure / unit)) < 1e-9);
        Assert.True(Math.Abs(counted - figure) <= Math.Max(0.02 * figure, digit), $"{counted:F3} for {figure}");
    }
}
