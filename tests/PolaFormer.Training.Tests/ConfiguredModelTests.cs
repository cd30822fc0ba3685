using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.NN.Attention;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

public sealed class ConfiguredModelTests
{
    private static readonly string[] Small =
    [
        "MODEL.TYPE", "polaformer_pp", "DATA.IMG_SIZE", "16", "MODEL.NUM_CLASSES", "3", "MODEL.DROP_PATH_RATE", "0.25",
        "MODEL.PP.EMBED_DIMS", "[8, 16]", "MODEL.PP.DEPTHS", "[2, 1]", "MODEL.PP.NUM_HEADS", "[1, 2]", "MODEL.PP.MLP_RATIOS", "[2, 3]",
        "MODEL.PP.FLAGS", "[rf, v]", "MODEL.PP.LAYER_SCALES", "[true, false]", "MODEL.PP.LAYER_INIT_VALUES", "[1, 1]",
        "MODEL.PP.PROJECTION", "12", "MODEL.PP.STEM_REDUCTIONS", "1", "MODEL.PP.CONV_DEPTHS", "[0, 2]",
    ];

    [Fact]
    public void AnyShapeOfPlusPlusIsBuiltFromItsKeys()
    {
        ConfiguredModel configured = Create(Small);
        var config = Assert.IsType<PolaFormerPlusPlus>(configured.Model).Config;
        Assert.Equal("polaformer_pp", configured.Name);
        Assert.Equal(["rf", "v"], config.Flags);
        Assert.Equal([0, 2], config.ConvDepths);
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
        Assert.Equal(ModelRegistry.Families.Any(family => family.Name == name), configured.Config is not null);
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
        var model = (Pvt)Create("MODEL.TYPE", "pola_pvt_tiny", "MODEL.LA.ATTN_TYPE", "LLSS", "MODEL.LA.PVT_LA_SR_RATIOS", "8411", "MODEL.LA.KERNEL_SIZE", "3").Model;
        Assert.Equal(("LLSS", 3), (model.Config.AttnType, model.Config.KernelSize));
        Assert.Equal([8, 4, 1, 1], model.Config.LaSrRatios);
    }

    [Theory]
    [InlineData("attn.dwc.weight", "attn.gate", "MODEL.POLA.POLARITY", "false")]
    [InlineData("attn.qkv.weight", "attn.qkvg.weight", "MODEL.POLA.GATE", "off")]
    [InlineData("attn.gate", "attn.qkvg.weight", "MODEL.POLA.GATE", "learned", "MODEL.POLA.GATE_START", "uniform")]
    [InlineData("attn.dcn.offset.weight", "attn.dwc.weight", "MODEL.POLA.LOCAL", "deformable")]
    [InlineData("attn.qkvg.weight", "attn.dwc.weight", "MODEL.POLA.LOCAL", "off")]
    [InlineData("attn.qkv.weight", "attn.dwc.weight", "MODEL.POLA.POLARITY", "false", "MODEL.POLA.GATE", "off", "MODEL.POLA.LOCAL", "off")]
    public void PolarityAttentionCanBeTakenApart(string present, string absent, params string[] options)
    {
        ConfiguredModel configured = Create(
        [
            "MODEL.TYPE", "pola_swin", "DATA.IMG_SIZE", "32", "MODEL.NUM_CLASSES", "3", "MODEL.SWIN.EMBED_DIM", "8", "MODEL.SWIN.DEPTHS", "[2]",
            "MODEL.SWIN.NUM_HEADS", "[2]", "MODEL.SWIN.WINDOW_SIZE", "4", "MODEL.LA.ATTN_TYPE", "L", .. options,
        ]);
        configured.Model.Initialize(1);
        configured.Model.Evaluate();
        string[] names = [.. configured.Model.NamedParameters().Select(entry => entry.Name)];
        Assert.Contains(names, name => name.EndsWith(present, StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => name.EndsWith(absent, StringComparison.Ordinal));
        Tensor images = Tensor.Full([2, 32, 32, 3], 0.3f);
        float[] logits = configured.Model.Forward(images).ToArray();
        Assert.All(logits, value => Assert.True(float.IsFinite(value)));

        // A checkpoint's description builds the same network again.
        VisionModel again = ModelConfigJson.Read(configured.Name, configured.Config!).Create(new ModelOptions());
        again.Initialize(1);
        again.Evaluate();
        Assert.Equal(logits, again.Forward(images).ToArray());
    }

    [Fact]
    public void PvtHasTheSwitchesOfPolarityAttentionToo()
    {
        using IDisposable meta = new MetaDevice().Use();
        var options = Assert.IsType<Pvt>(Create("MODEL.TYPE", "pola_pvt_tiny", "MODEL.POLA.GATE", "learned", "MODEL.POLA.LOCAL", "deformable").Model).Config.Polarity;
        Assert.Equal(new PolarityOptions { Gate = PolarityGate.Learned, Local = PolarityLocal.Deformable }, options);
    }

    [Fact]
    public void ASwitchLeavesTheOthersAsTheNetworkIsPublished()
    {
        using IDisposable meta = new MetaDevice().Use();
        Assert.Equal("pola_deit_tiny", Create("MODEL.TYPE", "pola_deit_tiny", "MODEL.POLA.GATE", "learned").Name);
        var options = Assert.IsType<DeiT>(Create("MODEL.TYPE", "pola_deit_tiny", "MODEL.POLA.POLARITY", "false").Model).Config.Polarity;
        Assert.Equal(new PolarityOptions { IsPolar = false, Gate = PolarityGate.Learned, HasPositions = false }, options);
    }

    [Theory]
    [InlineData("MODEL.POLA.GATE", "MODEL.TYPE", "pola_swin", "MODEL.POLA.GATE", "open")]
    [InlineData("MODEL.POLA", "MODEL.TYPE", "polab0", "MODEL.POLA.LOCAL", "off")]
    [InlineData("MODEL.LA.CSWIN_LA_SPLIT_SIZE", "MODEL.TYPE", "pola_swin", "MODEL.LA.CSWIN_LA_SPLIT_SIZE", "28-14-7-7")]
    public void ASwitchThatCannotBeSetIsNamed(string key, params string[] options)
    {
        using IDisposable meta = new MetaDevice().Use();
        Assert.StartsWith(key, Assert.Throws<ConfigurationException>(() => Create(options)).Message, StringComparison.Ordinal);
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
    public void TheStripesOfCswinAreAKey()
    {
        using IDisposable meta = new MetaDevice().Use();
        Assert.Equal("cswin_tiny", Create("MODEL.TYPE", "cswin_tiny", "MODEL.LA.CSWIN_LA_SPLIT_SIZE", "56-28-14-7").Name);
        ConfiguredModel narrow = Create("MODEL.TYPE", "cswin_tiny", "MODEL.LA.CSWIN_LA_SPLIT_SIZE", "28-14-7-7", "MODEL.ATTENTION", "polarity");
        Assert.Equal([28, 14, 7, 7], Assert.IsType<CSWin>(narrow.Model).Config.LaSplitSizes);
    }

    [Theory]
    [InlineData("56,28,14,7")]
    [InlineData("56-28-14")]
    [InlineData("56-28-14--7")]
    [InlineData("5-28-14-7")]
    public void StripesThatDoNotFitAreNamed(string splits)
    {
        using IDisposable meta = new MetaDevice().Use();
        Assert.StartsWith("MODEL", Assert.Throws<ConfigurationException>(
            () => Create("MODEL.TYPE", "cswin_tiny", "MODEL.LA.CSWIN_LA_SPLIT_SIZE", splits, "MODEL.ATTENTION", "polarity")).Message, StringComparison.Ordinal);
    }

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
    [InlineData("polaformer_pp", "elu")]
    [InlineData("polaformer_pp", "[polarity, softmax]")]
    [InlineData("deit", "hydra", "MODEL.TYPE", "deit_tiny")]
    [InlineData("pvt_v2", "[softmax, softmax, polarity, focused]", "MODEL.TYPE", "pvt_v2_b0", "DATA.IMG_SIZE", "32")]
    public void AnotherAttentionIsToldByTheCheckpoint(string family, string attention, params string[] options)
    {
        ConfiguredModel configured = Create([.. Small, .. options, "MODEL.ATTENTION", attention]);
        Assert.Equal(family, configured.Name);
        configured.Model.Initialize(3);
        string path = Save(configured, configured.Config!);
        try
        {
            (VisionModel model, _) = ImageClassifier.LoadModel(path);
            Assert.Equal(configured.Model.Config.Attention, model.Config.Attention);
            Assert.Equal(Mechanisms(configured.Model), Mechanisms(model));
            using Checkpoint checkpoint = Checkpoint.Open(path);
            Assert.Equal(model.Config.Attention, ModelRecognition.Recognize(checkpoint)!.Value.Entry.Config.Attention);
        }
        finally
        {
            File.Delete(path);
        }

        static IEnumerable<Type> Mechanisms(VisionModel model) => model.Modules().OfType<AttentionLayer>().Select(layer => layer.Mechanism.GetType());
    }

    [Fact]
    public void TheNamedAttentionOfAPublishedShapeIsThatShape()
    {
        using IDisposable meta = new MetaDevice().Use();
        ConfiguredModel configured = Create("MODEL.TYPE", "pvt_v2_b0", "MODEL.ATTENTION", "polarity");
        Assert.Equal(("pola_pvt_v2_b0", null), (configured.Name, configured.Config));
    }

    [Fact]
    public void EveryHostObeysTheKeysOfLinearAttention()
    {
        using IDisposable meta = new MetaDevice().Use();
        var config = Assert.IsType<DeiTConfig>(Create("MODEL.TYPE", "deit_tiny", "MODEL.ATTENTION", "focused", "MODEL.LA.FOCUSING_FACTOR", "2", "MODEL.LA.KERNEL_SIZE", "3").Model.Config);
        Assert.Equal((2, 3), (config.FocusingFactor, config.KernelSize));
    }

    [Fact]
    public void AnUnknownAttentionIsAnErrorThatListsThoseThereAre() => Assert.Contains(
        "polarity++", Assert.Throws<ConfigurationException>(() => Create([.. Small, "MODEL.ATTENTION", "polarty"])).Message, StringComparison.Ordinal);

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
        TrainingCheckpoint.SaveModel(path, configured.Model, new ModelDescription { Model = configured.Name, Config = shape, ImageSize = configured.Model.ImageSize }.ToMetadata());
        return path;
    }
}
