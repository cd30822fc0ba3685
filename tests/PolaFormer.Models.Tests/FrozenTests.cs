using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Models.Tests;

public class FrozenTests
{
    public static TheoryData<string> Families => ["pola_pvt_tiny", "pola_swin_tiny", "polaformer_pp_b0"];

    [Theory]
    [MemberData(nameof(Families))]
    public void AFrozenModelGivesTheSameLogits(string name)
    {
        VisionModel model = Make(name);
        float[] expected = Run(model);
        model.OptimizeForInference();
        float[] actual = Run(model);
        float scale = expected.Max(MathF.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-5f * scale);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void AFrozenModelGivesTheSameBitsForOneTwoAndThreeThreads(string name)
    {
        VisionModel model = Make(name);
        model.OptimizeForInference();
        int before = Workers.ThreadCount;
        try
        {
            float[][] runs = [.. Enumerable.Range(1, 3).Select(threads =>
            {
                Workers.ThreadCount = threads;
                return Run(model);
            })];
            Assert.Equal(runs[0], runs[1]);
            Assert.Equal(runs[0], runs[2]);
        }
        finally
        {
            Workers.ThreadCount = before;
        }
    }

    [Fact]
    public void AFrozenModelSaysThatItsWeightsCannotBeReadOrTrained()
    {
        VisionModel model = Make("pola_pvt_tiny");
        model.OptimizeForInference();
        Assert.Contains("inference", Assert.Throws<InvalidOperationException>(model.Train).Message, StringComparison.Ordinal);
        Parameter weight = model.NamedParameters().Single(entry => entry.Name == "head.weight").Parameter;
        Assert.Contains("frozen", Assert.Throws<InvalidOperationException>(() => weight.ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FreezingTwiceChangesNothing()
    {
        VisionModel model = Make("polaformer_pp_b0");
        model.OptimizeForInference();
        float[] expected = Run(model);
        model.OptimizeForInference();
        Assert.Equal(expected, Run(model));
    }

    // Weights, norms' statistics and scales away from where they start, so that folding shows.
    private static VisionModel Make(string name)
    {
        VisionModel model = RegistryTests.Small(name);
        model.Initialize(2);
        foreach ((string entry, Tensor tensor) in model.StateDict())
        {
            if (tensor.DType != DType.Float32 || tensor.Rank == 2 && !entry.Contains("gamma", StringComparison.Ordinal))
                continue;
            Span<float> values = tensor.AsSpan<float>();
            for (int i = 0; i < values.Length; i++)
                values[i] = entry.EndsWith("running_var", StringComparison.Ordinal) ? 0.5f + (i % 7 * 0.2f) : values[i] + (((i * 13 % 17) - 8) * 0.01f);
        }

        model.Evaluate();
        return model;
    }

    private static float[] Run(VisionModel model)
    {
        using (MemoryScope.Enter())
            return model.Forward(TestImages.Make(2, model.ImageSize)).ToArray();
    }
}
