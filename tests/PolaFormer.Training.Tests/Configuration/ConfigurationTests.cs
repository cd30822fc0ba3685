using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests.Configuration;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AFileOverwritesDefaultsAndOptionsOverwriteTheFile()
    {
        TrainingConfig config = ConfigurationReader.Read(Write("a.yaml", "TRAIN:\n  EPOCHS: 7\n  WARMUP_EPOCHS: 3\n"), ["TRAIN.EPOCHS", "9"]);
        Assert.Equal((9, 3, 300), (config.Train.Epochs, config.Train.WarmupEpochs, new TrainingConfig().Train.Epochs));
    }

    [Fact]
    public void TextIsDecodedOnceMoreAsYacsDoes()
    {
        TrainingConfig config = ConfigurationReader.Read(Write("a.yaml", "TRAIN:\n  CLIP_GRAD: None\n  BASE_LR: 5e-4\nMODEL:\n  SWIN:\n    DEPTHS: [1, 2]\n"));
        Assert.Null(config.Train.ClipGrad);
        Assert.Equal(5e-4, config.Train.BaseLr);
        Assert.Equal([1, 2], config.Model.Swin.Depths);
    }

    [Theory]
    [InlineData("[3, 4]")]
    [InlineData("(3, 4)")]
    public void ListsOfOptionsHaveEitherBracket(string text) =>
        Assert.Equal([3, 4], ConfigurationReader.Read(null, ["MODEL.SWIN.DEPTHS", text]).Model.Swin.Depths);

    [Fact]
    public void AnUnknownKeyNamesTheNearest()
    {
        string path = Write("a.yaml", "TRAIN:\n  BASE_LRR: 1\n");
        var error = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(path));
        Assert.Equal($"{path}: line 2: there is no key TRAIN.BASE_LRR. Did you mean TRAIN.BASE_LR?", error.Message);
    }

    [Theory]
    [InlineData("TRAIN.EPOCH", "1")]
    [InlineData("TRAIN", "1")]
    [InlineData("TRAIN.EPOCHS.X", "1")]
    [InlineData("TRAIN.EPOCHS", "many")]
    [InlineData("TRAIN.EPOCHS", "None")]
    [InlineData("TRAIN.EPOCHS", "1.5")]
    [InlineData("TRAIN.BASE_LR", "nan")]
    [InlineData("MODEL.SWIN.DEPTHS", "2")]
    public void WrongOptionsAreErrors(string key, string value) =>
        Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(null, [key, value]));

    [Fact]
    public void AnOptionWithoutAValueIsAnError() => Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(null, ["SEED"]));

    [Theory]
    [InlineData("TRAIN: 3\n")]
    [InlineData("- 1\n")]
    [InlineData("TRAIN: {EPOCHS: [1]}\n")]
    [InlineData("TRAIN: {EPOCHS: }}\n")]
    public void WrongFilesAreErrors(string text)
    {
        string path = Write("a.yaml", text);
        Assert.StartsWith(path, Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(path)).Message);
    }

    [Fact]
    public void AFileMayBuildOnAnother()
    {
        Write("base.yaml", "SEED: 5\nTRAIN:\n  EPOCHS: 7\n");
        TrainingConfig config = ConfigurationReader.Read(Write("a.yaml", "BASE: ['base.yaml']\nTRAIN:\n  EPOCHS: 8\n"));
        Assert.Equal((5, 8), (config.Seed, config.Train.Epochs));
    }

    [Fact]
    public void ACircleOfFilesIsAnError()
    {
        string path = Write("a.yaml", "BASE: ['a.yaml']\n");
        Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(path));
    }

    [Fact]
    public void WhatIsWrittenReadsBack()
    {
        TrainingConfig config = ConfigurationReader.Read(null, ["TRAIN.BASE_LR", "5e-7", "TAG", "it's", "TRAIN.CLIP_GRAD", "None", "MODEL.SWIN.STAGES", "[True, False]"]);
        string text = ConfigurationWriter.Write(config);
        Assert.Equal(text, ConfigurationWriter.Write(ConfigurationReader.Read(Write("a.yaml", text))));
        Assert.Contains("BASE_LR: 5.0E-07", text);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
