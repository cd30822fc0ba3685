using PolaFormer.Checkpoints.Pickle;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Checkpoints the authors' training code wrote, against the same weights in safetensors.</summary>
public class AuthorsCheckpointTests
{
    [Theory]
    [InlineData("ckpt_epoch_5.pth", "pvt_llll.safetensors")]
    [InlineData("fp16.pth", "fp16.safetensors")]
    [InlineData("bf16.pth", "bf16.safetensors")]
    public void TorchAndSafetensorsHoldTheSameWeights(string torch, string safetensors) =>
        AssertSameTensors(Fixture.Path(torch), Fixture.Path(safetensors), null);

    [Theory]
    [InlineData("model", "model.safetensors")]
    [InlineData("state_dict_ema", "model_ema.safetensors")]
    [InlineData("model_ema", "model_ema.safetensors")]
    public void TheChosenSectionIsRead(string section, string safetensors) =>
        AssertSameTensors(Fixture.Shared("fixtures", "B_models", "pp_lv", "ckpt_ema.pth"), Fixture.Shared("fixtures", "B_models", "pp_lv", safetensors), section);

    [Fact]
    public void TheLegacyFormatHoldsTheSameWeights() =>
        AssertSameTensors(Fixture.Shared("fixtures", "B_models", "swin_llss_w56", "legacy.pth"), Fixture.Shared("fixtures", "B_models", "swin_llss_w56", "model.safetensors"), null);

    [Fact]
    public void AllSectionsAreListed()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Shared("fixtures", "B_models", "pp_lv", "ckpt_ema.pth"));
        Assert.Equal(["model", "state_dict_ema"], checkpoint.Sections);
        Assert.Equal(["optimizer", "lr_scheduler", "max_accuracy", "max_accuracy_e", "epoch", "config"], checkpoint.Metadata.Keys);
    }

    [Fact]
    public void AnUnknownSectionNamesTheKnownOnes()
    {
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Fixture.Path("ckpt_epoch_5.pth"), new CheckpointOptions { Section = "weights" }));
        Assert.Contains("model", error.Message);
    }

    [Fact]
    public void TheConfigurationIsPlainData()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("ckpt_epoch_5.pth"));
        Assert.Equal(5L, checkpoint.Metadata["epoch"]);
        var config = Assert.IsType<PickledDictionary>(checkpoint.Metadata["config"]);
        Assert.Equal("yacs.config.CfgNode", config.TypeName);
        var train = Assert.IsType<PickledDictionary>(config["TRAIN"]);
        Assert.Equal(300L, train["EPOCHS"]);
        Assert.Equal(0.0005, train["BASE_LR"]);
        Assert.DoesNotContain("__deprecated_keys__", config.Keys);
    }

    [Fact]
    public void TheOptimizersTensorsCanBeRead()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixture.Path("ckpt_epoch_5.pth"));
        var optimizer = Assert.IsType<PickledDictionary>(checkpoint.Metadata["optimizer"]);
        var states = Assert.IsType<PickledDictionary>(optimizer["state"]);
        var first = Assert.IsType<PickledDictionary>(states[0L]);
        var average = Assert.IsType<StoredTensor>(first["exp_avg"]);
        float[] values = new float[average.Shape.Count];
        average.ReadFloat32(values);
        Assert.Contains(values, value => value != 0);
    }

    private static void AssertSameTensors(string torch, string safetensors, string? section)
    {
        using Checkpoint actual = Checkpoint.Open(torch, new CheckpointOptions { Section = section });
        using Checkpoint expected = Checkpoint.Open(safetensors);
        Assert.Equal(expected.Entries.Select(entry => entry.Name).Order(), actual.Entries.Select(entry => entry.Name).Order());
        foreach (CheckpointEntry entry in actual.Entries)
        {
            Assert.Equal(expected[entry.Name].DType, entry.DType);
            Assert.Equal(expected[entry.Name].Shape, entry.Shape);
            Assert.Equal(expected[entry.Name].Data(), entry.Data());
        }
    }
}
