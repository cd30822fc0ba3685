using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;

namespace PolaFormer.Training.Tests;

public sealed class ConfiguredModelTests
{
    private static readonly string[] Small =
    [
        "MODEL.TYPE", "polaformer_pp", "DATA.IMG_SIZE", "16", "MODEL.NUM_CLASSES", "3", "MODEL.DROP_PATH_RATE", "0.25",
        "MODEL.PP.EMBED_DIMS", "[8, 16]", "MODEL.PP.DEPTHS", "[2, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 3]",
        "MODEL.PP.FLAGS", "[rf, v]", "MODEL.PP.LAYER_SCALES", "[true, false]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]",
        "MODEL.PP.PROJECTION", "12", "MODEL.PP.STEM_REDUCTIONS", "1",
    ];

    [Fact]
    public void AnyShapeOfPlusPlusIsBuiltFromItsKeys()
    {
        ConfiguredModel configured = Create(Small);
        var config = Assert.IsType<PolaFormerPlusPlus>(configured.Model).Config;
        Assert.Equal("polaformer_pp", configured.Name);
        Assert.Equal(["rf", "v"], config.Flags);
        Assert.Equal((16, 3, 12, 1, 0.25f), (config.ImageSize, config.NumClasses, config.Projection, config.StemReductions, config.DropPathRate));
        Assert.Equal(0.25f, configured.Model.Modules().OfType<DropPath>().Max(drop => drop.Probability));
    }

    [Theory]
    [InlineData("polaformer_pp_b0", "MODEL.TYPE", "polaformer_pp")]
    [InlineData("polaformer_pp_b0", "MODEL.TYPE", "polab0", "MODEL.DROP_PATH_RATE", "0.3")]
    [InlineData("polaformer_pp_cifar", "MODEL.TYPE", "polaformer_pp_cifar", "DATA.IMG_SIZE", "32")]
    [InlineData("pola_pvt_medium", "MODEL.TYPE", "pola_pvt_medium")]
    [InlineData("pola_pvt", "MODEL.TYPE", "pola_pvt_tiny", "MODEL.LA.ALPHA", "3")]
    [InlineData("pola_swin_tiny", "MODEL.TYPE", "pola_swin", "MODEL.LA.ATTN_TYPE", "LLSS", "MODEL.SWIN.WINDOW_SIZE", "56")]
    [InlineData("pola_swin", "MODEL.TYPE", "pola_swin", "MODEL.LA.ATTN_TYPE", "LLSS", "MODEL.SWIN.WINDOW_SIZE", "56", "MODEL.LA.ALPHA", "3")]
    public void AShapeBearsItsRegisteredNameOrThatOfItsFamilyWithItsConfiguration(string name, params string[] options)
    {
        using IDisposable meta = new MetaDevice().Use();
        ConfiguredModel configured = Create(options);
        Assert.Equal(name, configured.Name);
        Assert.Equal(ModelConfiguration.Families.Contains(name), configured.Config is not null);
    }

    [Fact]
    public void SwinObeysAbsolutePositionAndPatchNorm()
    {
        using IDisposable meta = new MetaDevice().Use();
        string[] names = [.. Create("MODEL.TYPE", "pola_swin", "MODEL.SWIN.APE", "true", "MODEL.SWIN.PATCH_NORM", "false").Model.StateDict().Select(entry => entry.Name)];
        Assert.Contains("absolute_pos_embed", names);
        Assert.DoesNotContain("patch_embed.norm.weight", names);
    }

    [Fact]
    public void PvtObeysTheKeysOfLinearAttention()
    {
        using IDisposable meta = new MetaDevice().Use();
        var model = (PolaPvt)Create("MODEL.TYPE", "pola_pvt_tiny", "MODEL.LA.ATTN_TYPE", "LLSS", "MODEL.LA.PVT_LA_SR_RATIOS", "8411", "MODEL.LA.KERNEL_SIZE", "3").Model;
        Assert.Equal(("LLSS", 3), (model.Config.AttnType, model.Config.KernelSize));
        Assert.Equal([8, 4, 1, 1], model.Config.LaSrRatios);
    }

    [Theory]
    [InlineData("pola_pvt_tiny", "MODEL.TYPE", "pola_pvt_tiny")]
    [InlineData("pola_swin_tiny", "MODEL.TYPE", "pola_swin", "MODEL.LA.ATTN_TYPE", "LLSS", "MODEL.SWIN.WINDOW_SIZE", "56")]
    public void DropoutIsSetEverywhereAndChangesNoName(string name, params string[] options)
    {
        using IDisposable meta = new MetaDevice().Use();
        ConfiguredModel configured = Create([.. options, "MODEL.DROP_RATE", "0.125"]);
        Assert.Equal(name, configured.Name);
        Dropout[] dropouts = [.. configured.Model.Modules().OfType<Dropout>()];
        Assert.All(dropouts, dropout => Assert.Equal(0.125f, dropout.Probability));
        foreach (string part in (string[])["pos_drop", "proj_drop", "drop1", "drop2"])
            Assert.Contains(dropouts, dropout => dropout.Name.StartsWith(part, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MODEL.DROP_RATE", "0.1")]
    [InlineData("MODEL.PP.FLAGS", "[q, v]")]
    [InlineData("MODEL.PP.NUM_HEADS", "[3, 2]")]
    [InlineData("MODEL.PP.DEPTHS", "[2]")]
    [InlineData("MODEL.DROP_PATH_RATE", "1")]
    public void ShapesThatCannotBeBuiltAreErrors(string key, string value) =>
        Assert.StartsWith("MODEL", Assert.Throws<ConfigurationException>(() => Create([.. Small, key, value])).Message);

    [Fact]
    public void ACheckpointOfAShapeThatIsNotRegisteredIsLoadedByItsDescription()
    {
        ConfiguredModel configured = Create(Small);
        configured.Model.Initialize(3);
        string path = Save(configured, configured.Config!);
        try
        {
            (VisionModel model, ModelDescription description) = ImageClassifier.LoadModel(path);
            Assert.Equal(("polaformer_pp", 16, 3), (description.Model, model.ImageSize, model.NumClasses));
            foreach (((string name, Tensor expected), (_, Tensor actual)) in configured.Model.StateDict().Zip(model.StateDict()))
                Assert.True(expected.AsBytes().SequenceEqual(actual.AsBytes()), name);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("""{"DEPTHS": [1, 2000000000]}""")]
    [InlineData("""{"EMBED_DIMS": [16384, 16384, 16384, 16384], "NUM_HEADS": [1, 1, 1, 1]}""")]
    [InlineData("{}")]
    [InlineData("}")]
    public void ADescriptionThatDoesNotFitItsFileIsRefused(string shape)
    {
        ConfiguredModel configured = Create(Small);
        configured.Model.Initialize(3);
        string path = Save(configured, shape);
        try
        {
            Assert.StartsWith(path, Assert.Throws<CheckpointException>(() => ImageClassifier.LoadModel(path)).Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static ConfiguredModel Create(params string[] options) => ConfiguredModel.Create(ConfigurationReader.Read(null, options));

    private static string Save(ConfiguredModel configured, string shape)
    {
        string path = Path.GetTempFileName();
        TrainingCheckpoint.SaveModel(path, configured.Model, new ModelDescription { Model = configured.Name, Config = shape, ImageSize = configured.Model.ImageSize });
        return path;
    }
}
