using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Models.Tests;

public class RegistryTests
{
    // In the authors' state dict of Pola-PVT, but not in their forward pass.
    private static readonly string[] Unused = ["norm.weight", "norm.bias"];

    private static readonly string[] Larger = ["deit_small", "deit_base", "deit_small_distilled", "deit_base_distilled", "pvt_small", "pvt_v2_b1", "pvt_v2_b2", "pvt_v2_b3", "pvt_v2_b4", "pvt_v2_b5", "pola_pvt_v2_b1", "swin_small", "swin_base"];

    public static TheoryData<string> Names => [.. ModelRegistry.All.Select(entry => entry.Name)];

    // The larger of the plain hosts differ from the smallest in numbers alone.
    public static TheoryData<string> Distinct => [.. ModelRegistry.All.Select(entry => entry.Name).Where(name => !Larger.Contains(name))];

    [Theory]
    [MemberData(nameof(Distinct))]
    public void EveryParameterReceivesAGradient(string name)
    {
        VisionModel model = Small(name);
        model.Initialize(1);

        // Layer scales that start at 1e-6 leave gradients that float32 rounds away; lift them.
        foreach ((string parameter, Parameter values) in model.NamedParameters())
        {
            if (parameter.Contains("gamma", StringComparison.Ordinal))
                values.AsSpan<float>().Fill(1);
        }

        model.Train();
        using (MemoryScope.Enter())
        using (var tape = Tape.Start())
            tape.Backward(model.Forward(TestImages.Make(1, model.ImageSize)).LogSoftmax().Slice(1, 3, 1).Mean());

        string[] without = [.. model.NamedParameters()
            .Where(entry => !(model is Pvt { Config.ClassToken: false } && Unused.Contains(entry.Name)))
            .Where(entry => entry.Parameter.Grad is not { } gradient || gradient.ToArray().All(value => value == 0))
            .Select(entry => entry.Name)];
        Assert.Empty(without);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void StagesHeadAndEmbeddingFitTogether(string name)
    {
        using IDisposable meta = new MetaDevice().Use();
        VisionModel model = ModelRegistry.Find(name).Create();
        var stages = new List<(string Stage, Tensor Features)>();
        Tensor features = model.ForwardFeatures(Tensor.Empty([2, model.ImageSize, model.ImageSize, 3]), stages);

        Assert.Equal("stem", stages[0].Stage);
        Shape last = stages[^1].Features.Shape;
        int prefix = model.Config is DeiTConfig deit ? deit.PrefixTokens : 1;
        Assert.Equal(features.Rank == 4 ? last : new Shape(2, prefix + (last[1] * last[2]), last[3]), features.Shape);
        for (int i = 2; i < stages.Count; i++)
            Assert.True(stages[i].Features.Shape[1] < stages[i - 1].Features.Shape[1], "each stage is coarser than the one before");
        Assert.Equal(new Shape(2, model.NumClasses), model.ForwardHead(features).Shape);
        Assert.Equal(2, model.ForwardPooled(features).Rank);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ResetClassifierChangesTheLogitsOnly(string name)
    {
        using IDisposable meta = new MetaDevice().Use();
        VisionModel model = ModelRegistry.Find(name).Create();
        string[] before = [.. model.StateDict().Select(entry => entry.Name)];
        model.ResetClassifier(7);

        Assert.Equal(7, model.NumClasses);
        Assert.Equal(before, model.StateDict().Select(entry => entry.Name));
        Assert.Equal(new Shape(1, 7), model.Forward(Tensor.Empty([1, model.ImageSize, model.ImageSize, 3])).Shape);
    }

    [Fact]
    public void TheNetworkOfTheAuthorsFileBIsTheLargeOne() =>
        Assert.Same(ModelRegistry.Find("pola_pvt_large"), ModelRegistry.Find("pola_pvt_base"));

    [Fact]
    public void UnknownNameListsTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() => ModelRegistry.Find("pola_pvt_tin"));
        Assert.Contains("pola_pvt_tiny", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WeightsDependOnTheSeedAlone()
    {
        float[] Weights(ulong seed)
        {
            VisionModel model = Small("polaformer_pp_cifar");
            model.Initialize(seed);
            return [.. model.Parameters().SelectMany(parameter => parameter.ToArray())];
        }

        Assert.Equal(Weights(3), Weights(3));
        Assert.NotEqual(Weights(3), Weights(4));
    }

    [Fact]
    public void ResolutionThatTheFamilyCannotTakeIsRefusedWithAReason()
    {
        var error = Assert.Throws<ArgumentException>(() => ModelRegistry.Find("pola_swin_tiny").Create(new ModelOptions { ImageSize = 200 }));
        Assert.Contains("window", error.Message, StringComparison.Ordinal);
    }

    // PolaFormer++ and Pola-PVT take small images; Pola-Swin's windows fix its resolution.
    internal static VisionModel Small(string name)
    {
        ModelEntry entry = ModelRegistry.Find(name);
        return entry.Create(new ModelOptions { NumClasses = 10, ImageSize = name.Contains("swin", StringComparison.Ordinal) ? null : Math.Min(64, entry.ImageSize), DropPathRate = 0 });
    }
}
