using PolaFormer.Models;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

/// <summary>Every registered network and every recipe against what is published: the tables here are the facts.</summary>
public sealed class PaperTests
{
    // How a table counts what it prints. Size: W the whole network, G without the projection of the gate, R that at 224². Work: W the
    // whole, L the layers without the products of attention. A network that is not here is held to its entry's figures, counted whole.
    private static readonly (string Name, double? Parameters, double? Macs, string Counting)[] Sizes =
    [
        // Tables 1 and 5.
        ("pola_deit_tiny", 6.1, 1.2, "WW"), ("deit_tiny", 5.7, 1.1, "WL"),
        ("pola_pvt_tiny", 12, 2.0, "GL"), ("pola_pvt_small", 21, 4.1, "GL"), ("pola_pvt_medium", null, null, "WW"), ("pola_pvt_large", null, null, "WW"),
        ("pola_pvt_v2_b0", 3.4, 0.6, "WL"), ("pola_pvt_v2_b1", 13, 2.2, "WL"),
        ("pola_swin_tiny", 29, 4.5, "GL"), ("pola_swin_small", 50, 8.7, "GL"), ("pola_swin_base", 88, 15.4, "GL"),
        ("pola_swin_small_384", 50, 25.5, "RL"), ("pola_swin_base_384", null, null, "WW"),

        // The README of PolaFormer++.
        ("polaformer_pp_b0", 7, 0.7, "WW"), ("polaformer_pp_b1", 9, 1.0, "WW"), ("polaformer_pp_b2", 16, 2.7, "WW"),
        ("polaformer_pp_b3", 27, 5.1, "WW"), ("polaformer_pp_b4", 50, 11, "WW"), ("polaformer_pp_b5", 97, 18, "WW"),

        // The tables of the hosts' own authors.
        ("deit_small", 22, null, "WW"), ("deit_base", 86, null, "WW"),
        ("deit_tiny_distilled", 6, null, "WW"), ("deit_small_distilled", 22, null, "WW"), ("deit_base_distilled", 87, null, "WW"),
        ("pvt_tiny", 13.2, 1.9, "WW"), ("pvt_small", 24.5, 3.8, "WW"),
        ("pvt_v2_b0", 3.7, 0.6, "WW"), ("pvt_v2_b1", 14, 2.1, "WW"), ("pvt_v2_b2", 25.36, 4.04, "WW"),
        ("pvt_v2_b3", 45.2, null, "WW"), ("pvt_v2_b4", 62.6, null, "WW"), ("pvt_v2_b5", 82, null, "WW"),
        ("swin_tiny", 28, 4.5, "WW"), ("swin_small", 50, 8.7, "WW"), ("swin_base", 88, 15.4, "WW"), ("cswin_tiny", 23, 4.3, "WW"),

        // Ours.
        ("polaformer_pp_cifar", null, null, "WW"), ("polaformer_pp_cifar_2m", null, null, "WW"), ("polaformer_pp_photographs", null, null, "WW"),
    ];

    private static readonly (string Name, int[] Dims, int[] Depths, int[] Heads, double DropPath, int Projection, double[] Scales)[] PlusPlus =
    [
        ("polaformer_pp_b0", [32, 64, 128, 384], [2, 2, 2, 2], [1, 2, 4, 12], 0.1, 2048, [1, 1, 1, 1]),
        ("polaformer_pp_b1", [32, 64, 192, 384], [2, 2, 4, 2], [1, 2, 6, 12], 0.1, 2048, [1, 1, 1, 1]),
        ("polaformer_pp_b2", [64, 128, 256, 512], [2, 2, 6, 2], [1, 2, 4, 8], 0.1, 2048, [1, 1, 1, 1]),
        ("polaformer_pp_b3", [64, 128, 320, 512], [3, 5, 9, 3], [1, 2, 5, 8], 0.15, 2048, [1, 1, 1, 1]),
        ("polaformer_pp_b4", [96, 192, 384, 512], [4, 6, 12, 6], [1, 2, 6, 8], 0.4, 2048, [1, 1, 1e-6, 1e-6]),
        ("polaformer_pp_b5", [96, 192, 448, 640], [4, 7, 19, 8], [1, 2, 7, 10], 0.55, 2560, [1e-6, 1e-6, 1e-6, 1e-6]),
    ];

    private static readonly (string Name, int[] Depths)[] Pvts =
    [
        ("pola_pvt_tiny", [2, 2, 2, 2]), ("pola_pvt_small", [3, 4, 6, 3]), ("pola_pvt_medium", [3, 4, 18, 3]), ("pola_pvt_large", [3, 8, 27, 3]),
    ];

    private static readonly (string Name, int ImageSize, int Dim, int[] Depths, int[] Heads, int Window)[] Swins =
    [
        ("pola_swin_tiny", 224, 96, [2, 2, 6, 2], [3, 6, 12, 24], 56), ("pola_swin_small", 224, 96, [2, 2, 18, 2], [3, 6, 12, 24], 56),
        ("pola_swin_base", 224, 128, [2, 2, 18, 2], [4, 8, 16, 32], 56), ("pola_swin_base_384", 384, 128, [2, 2, 18, 2], [4, 8, 16, 32], 96),
    ];

    // Type and name, batch, drop path, weight decay, epochs, warm-up, cool-down, rates (base, warm-up, last), clipping, attention.
    private static readonly Recipe[] Recipes =
    [
        new("pola_pvt_tiny", "pola_pvt_tiny", "pola_pvt_tiny", 128, 0.1, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("pola_pvt_small", "pola_pvt_small", "pola_pvt_small", 64, 0.1, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("pola_pvt_medium", "pola_pvt_medium", "pola_pvt_medium", 64, 0.3, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, 1, "LLLL"),
        new("pola_pvt_large", "pola_pvt_large", "pola_pvt_large", 32, 0.3, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, 1, "LLLL"),
        new("pola_swin_tiny", "pola_swin", "pola_swin_tiny_patch4_224", 128, 0.2, 0.05, 300, 20, 0, 5e-4, 5e-7, 5e-6, 5, "LLSS"),
        new("pola_swin_small", "pola_swin", "pola_swin_small_patch4_224", 128, 0.3, 0.05, 300, 20, 0, 5e-4, 5e-7, 5e-6, 5, "LLSS"),
        new("pola_swin_base", "pola_swin", "pola_swin_base_patch4_224", 64, 0.5, 0.05, 300, 20, 0, 5e-4, 5e-7, 5e-6, 5, "LLSS"),
        new("pola_swin_base_384", "pola_swin", "pola_swin_base_patch4_384_finetune", 32, 0.5, 1e-8, 30, 5, 0, 2e-5, 2e-8, 2e-7, 5, "LLSS") { ImageSize = 384, Crop = false },
        new("polaformer_pp_b0", "polab0", "pola_b0_patch4_224", 256, 0.1, 0.05, 300, 20, 0, 5e-4, 5e-7, 1e-7, 5, null),
        new("polaformer_pp_b1", "polab1", "pola_b1_patch4_224", 256, 0.1, 0.05, 300, 20, 0, 5e-4, 5e-7, 1e-7, 5, null),
        new("polaformer_pp_b2", "polab2", "pola_b2_patch4_224", 256, 0.1, 0.05, 300, 20, 0, 5e-4, 5e-7, 1e-7, 5, null),
        new("polaformer_pp_b3", "polab3", "pola_b3_patch4_224", 128, 0.1, 0.05, 300, 20, 0, 5e-4, 5e-7, 1e-7, 5, null),
        new("polaformer_pp_b4", "polab4", "pola_b4_patch4_224", 128, 0.1, 0.05, 300, 5, 10, 5e-4, 1e-7, 1e-5, 1, null),
        new("polaformer_pp_b5", "polab5", "pola_b5_patch4_224", 64, 0.1, 1e-8, 300, 1, 5, 2e-5, 5e-7, 5e-6, null, null),

        // Without a recipe of the authors': another one of theirs, as each file says.
        new("pola_deit_tiny", "pola_deit_tiny", "pola_deit_tiny", 128, 0.1, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("pola_pvt_v2_b0", "pola_pvt_v2_b0", "pola_pvt_v2_b0", 128, 0.1, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("pola_pvt_v2_b1", "pola_pvt_v2_b1", "pola_pvt_v2_b1", 128, 0.1, 0.05, 300, 5, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("pola_swin_small_384", "pola_swin", "pola_swin_small_patch4_384_finetune", 32, 0.3, 1e-8, 30, 5, 0, 2e-5, 2e-8, 2e-7, 5, "LLSS") { ImageSize = 384, Crop = false },

        // Appendix A.2: 1e-3 for 1024 images is 5e-4 for 512.
        new("paper_a2/pola_deit_tiny", "pola_deit_tiny", "pola_deit_tiny", 128, 0.1, 0.05, 400, 20, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("paper_a2/pola_pvt_tiny", "pola_pvt_tiny", "pola_pvt_tiny", 128, 0.1, 0.05, 400, 20, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("paper_a2/pola_pvt_small", "pola_pvt_small", "pola_pvt_small", 64, 0.1, 0.05, 400, 20, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("paper_a2/pola_pvt_v2_b0", "pola_pvt_v2_b0", "pola_pvt_v2_b0", 128, 0.1, 0.05, 400, 20, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("paper_a2/pola_pvt_v2_b1", "pola_pvt_v2_b1", "pola_pvt_v2_b1", 128, 0.1, 0.05, 400, 20, 10, 5e-4, 1e-6, 1e-5, null, "LLLL"),
        new("paper_a2/pola_swin_tiny", "pola_swin", "pola_swin_tiny_patch4_224", 128, 0.2, 0.05, 400, 20, 0, 5e-4, 5e-7, 5e-6, 5, "LLSS"),
        new("paper_a2/pola_swin_small", "pola_swin", "pola_swin_small_patch4_224", 128, 0.3, 0.05, 400, 20, 0, 5e-4, 5e-7, 5e-6, 5, "LLSS"),
        new("paper_a2/pola_swin_base", "pola_swin", "pola_swin_base_patch4_224", 64, 0.5, 0.05, 400, 20, 0, 5e-4, 5e-7, 5e-6, 5, "LLSS"),
    ];

    // Of no table: CIFAR-10's, the comparison's and the guide's.
    private static readonly string[] Ours =
    [
        "attention_comparison", "detection/maskrcnn_overfit", "detection/retinanet_shapes", "finetune_hymenoptera", "polaformer_pp_cifar", "polaformer_pp_cifar_2m",
        "polaformer_pp_cifar_2m_refine", "polaformer_pp_photographs", "polaformer_pp_photographs_refine", "polaformer_pp_photographs_finish", "segmentation/drawn_shapes", "segmentation/eight_photographs",
    ];

    private static readonly string Folder = Path.Combine(SharedData.Repository, "configs");

    public static TheoryData<string> Names => [.. ModelRegistry.All.Select(entry => entry.Name)];

    // Recipes of Long Range Arena are held to its own tables by the tests of that library.
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Folder, "*.yaml", SearchOption.AllDirectories).Select(path => Path.ChangeExtension(Path.GetRelativePath(Folder, path), null).Replace('\\', '/')).Except(Ours).Where(name => !name.StartsWith("long_range/", StringComparison.Ordinal)).Order()];

    [Theory]
    [MemberData(nameof(Names))]
    public void ANetworkHasThePublishedSizeAndWork(string name)
    {
        ModelEntry entry = ModelRegistry.Find(name);
        (_, double? parameters, double? macs, string counting) = Array.Find<(string Name, double? Parameters, double? Macs, string Counting)>([.. Sizes, (name, entry.PaperParameters, entry.PaperMacs, "WW")], row => row.Name == name);
        Assert.Equal(parameters, entry.PaperParameters);
        Assert.Equal(macs, entry.PaperMacs);

        VisionModelConfig config = counting[0] == 'W' ? entry.Config : ((TransformerConfig)entry.Config) with { Polarity = new PolarityOptions { Gate = PolarityGate.Off } };
        if (counting[0] == 'R')
            config = (SwinConfig)config with { ImageSize = 224, WindowSize = 56 };
        using (new MetaDevice().Use())
            AssertPrinted(parameters, config.Create().ParameterCount / 1e6);
        AssertPrinted(macs, Work(entry, counting[1] == 'L') / 1e9);
    }

    [Fact]
    public void ShapesAreThePublishedOnes()
    {
        foreach ((string name, int[] dims, int[] depths, int[] heads, double dropPath, int projection, double[] scales) in PlusPlus)
        {
            var config = (PolaFormerPlusPlusConfig)ModelRegistry.Find(name).Config;
            Assert.Equal((224, 1000, (float)dropPath, projection), (config.ImageSize, config.NumClasses, config.DropPathRate, config.Projection));
            Assert.Equal([dims, depths, heads], new[] { config.EmbedDims, config.Depths, config.NumHeads });
            Assert.Equal(scales.Select(scale => (float)scale), config.LayerInitValues);
            Assert.Equal([3.5f, 3.5f, 3.5f, 3.5f], config.MlpRatios);
            Assert.Equal(["l", "l", "v", "v"], config.Flags);
        }

        foreach ((string name, int[] depths) in Pvts)
        {
            var config = (PvtConfig)ModelRegistry.Find(name).Config;
            Assert.Equal((224, 1000, 4, false, "LLLL", 5, 4f), (config.ImageSize, config.NumClasses, config.PatchSize, config.ClassToken, config.AttnType, config.KernelSize, config.Alpha));
            Assert.Equal([[64, 128, 320, 512], depths, [1, 2, 5, 8], [8, 8, 4, 4], [8, 4, 2, 1], [1, 1, 1, 1]], new[] { config.EmbedDims, config.Depths, config.NumHeads, config.MlpRatios, config.SrRatios, config.LaSrRatios });
        }

        foreach ((string name, int imageSize, int dim, int[] depths, int[] heads, int window) in Swins)
        {
            var config = (SwinConfig)ModelRegistry.Find(name).Config;
            Assert.Equal((imageSize, 1000, dim, window, "LLSS", 4f), (config.ImageSize, config.NumClasses, config.EmbedDim, config.WindowSize, config.AttnType, config.MlpRatio));
            Assert.Equal([depths, heads], new[] { config.Depths, config.NumHeads });
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void ARecipeHasThePublishedNumbers(string file)
    {
        Recipe expected = Assert.Single(Recipes, recipe => recipe.File == file);
        TrainingConfig config = ConfigurationReader.Read(Path.Combine(Folder, $"{file}.yaml"));
        OptimizationConfig train = config.Train;
        var actual = new Recipe(
            file, config.Model.Type, config.Model.Name, config.Data.BatchSize, config.Model.DropPathRate, train.WeightDecay, train.Epochs, train.WarmupEpochs,
            train.CooldownEpochs, train.BaseLr, train.WarmupLr, train.MinLr, train.ClipGrad, expected.Attention is null ? null : config.Model.La.AttnType)
        {
            ImageSize = config.Data.ImgSize,
            Crop = config.Test.Crop,
        };
        Assert.Equal(expected, actual);

        // What all recipes share.
        Assert.Equal(("bicubic", 1000, 0.1, 0d), (config.Data.Interpolation, config.Model.NumClasses, config.Model.LabelSmoothing, config.Model.DropRate));
        Assert.Equal(("adamw", 1e-8, "cosine"), (train.Optimizer.Name, train.Optimizer.Eps, train.LrScheduler.Name));
        Assert.Equal([0.9, 0.999], train.Optimizer.Betas);
        Assert.Equal((0.4, "rand-m9-mstd0.5-inc1", 0.25, "pixel", 1), (config.Aug.ColorJitter, config.Aug.AutoAugment, config.Aug.Reprob, config.Aug.Remode, config.Aug.Recount));
        Assert.Equal((0.8, 1d, null, 1d, 0.5, "batch"), (config.Aug.Mixup, config.Aug.Cutmix, config.Aug.CutmixMinmax, config.Aug.MixupProb, config.Aug.MixupSwitchProb, config.Aug.MixupMode));
    }

    [Fact]
    public void TheTablesNameNothingThatIsNotThere()
    {
        Assert.Empty(Sizes.Select(row => row.Name).Except(ModelRegistry.All.Select(entry => entry.Name)));
        Assert.Equal(Files.Select(row => row.Data).Order(), Recipes.Select(recipe => recipe.File).Order());
        Assert.All(Ours, file => Assert.True(File.Exists(Path.Combine(Folder, $"{file}.yaml")), file));
    }

    private static long Work(ModelEntry entry, bool isOfLayers)
    {
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

        // The observer's own products come on top of the network's.
        return meta.MultiplyAccumulates - (isOfLayers ? 2 * products : products);
    }

    // The printed figure is the counted one rounded or cut off in its last digit; or half a percent more, where norms count, too.
    private static void AssertPrinted(double? printed, double counted)
    {
        if (printed is not { } figure)
            return;
        double digit = ((double[])[1, 0.1, 0.01]).First(unit => Math.Abs((figure / unit) - Math.Round(figure / unit)) < 1e-9);
        Assert.True(Math.Abs(counted - figure) < Math.Max(digit, 0.005 * figure), $"{counted:F3} for {figure}");
    }

    private sealed record Recipe(
        string File, string Type, string Name, int Batch, double DropPath, double WeightDecay, int Epochs, int WarmUp, int CoolDown,
        double BaseRate, double WarmUpRate, double LastRate, double? Clip, string? Attention)
    {
        public int ImageSize { get; init; } = 224;

        public bool Crop { get; init; } = true;
    }
}
