using PolaFormer.Checkpoints;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Training.Tests;

/// <summary>What is found in a folder of images, and the recipe that follows.</summary>
public sealed class FolderRecipeTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 12, evaluationPerClass: 3);

    public void Dispose() => _images.Dispose();

    [Fact]
    public void AnIntactFolderGivesNoWarning()
    {
        DataInspection found = Inspect();
        Assert.Equal(["blue", "green", "red"], found.Classes);
        Assert.Equal([12, 12, 12], found.TrainCounts);
        Assert.Equal([3, 3, 3], found.EvaluationCounts);
        Assert.Empty(found.Warnings());
    }

    [Fact]
    public void WhatSpoilsARunIsFound()
    {
        string train = Path.Combine(_images.Path, "train");
        File.Copy(Path.Combine(_images.Path, "val", "red", "001.bmp"), Path.Combine(train, "red", "copy.bmp"));
        File.Copy(Path.Combine(train, "red", "002.bmp"), Path.Combine(train, "green", "002.bmp"), overwrite: true);
        File.WriteAllText(Path.Combine(train, "green", "broken.bmp"), "no image");
        for (int i = 3; i < 12; i++)
            File.Delete(Path.Combine(train, "blue", $"{i:D3}.bmp"));
        DataInspection found = Inspect();
        string[] warnings = [.. found.Warnings()];
        Assert.True(found.IsUneven);
        Assert.Contains(warnings, warning => warning.StartsWith("the classes are uneven: 13 training images of", StringComparison.Ordinal) && warning.Contains("3 of blue"));
        Assert.Contains(warnings, warning => warning.StartsWith("few images: blue has 3", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning.StartsWith("1 training image is an evaluation image, too", StringComparison.Ordinal) && warning.Contains("copy.bmp"));
        Assert.Contains(warnings, warning => warning.StartsWith("1 training image lies in two classes", StringComparison.Ordinal) && warning.Contains("002.bmp"));
        Assert.Contains(warnings, warning => warning.StartsWith("1 image cannot be read and is left out", StringComparison.Ordinal) && warning.Contains("broken.bmp"));
    }

    [Theory]
    [InlineData(36, 4, 30)]
    [InlineData(160, 16, 30)]
    [InlineData(4000, 64, 15)]
    [InlineData(50_000, 64, 6)]
    public void BatchAndEpochsFollowFromTheNumberOfImages(int images, int batch, int epochs)
    {
        TrainingConfig config = Recipe(Found(images / 2, images / 2), Small);
        Assert.Equal((batch, epochs), (config.Data.BatchSize, config.Train.Epochs));
        Assert.Equal(2, config.Model.NumClasses);
        Assert.InRange(config.Train.Patience, 1, epochs);
        Assert.Equal(4 * epochs, Recipe(Found(images / 2, images / 2), null, "polaformer_pp_cifar").Train.Epochs);
    }

    [Fact]
    public void UnevenClassesAreBalancedAndUnreadableImagesSkipped()
    {
        TrainingConfig config = Recipe(Found(90, 10) with { Unreadable = ["x"] }, Small);
        Assert.Equal((true, "skip"), (config.Data.Balanced, config.Data.BadImages));
        config = Recipe(Found(50, 50), Small);
        Assert.Equal((false, "fail"), (config.Data.Balanced, config.Data.BadImages));
    }

    [Fact]
    public void AShapeThatIsNotRegisteredIsDescribedByKeys()
    {
        using var runs = new TinyRuns();
        var trained = ConfiguredModel.Create(runs.Config(1, "MODEL.PP.CONV_DEPTHS", "[1, 0]"));
        var start = new ModelDescription { Model = trained.Name, Config = trained.Config, ImageSize = 32 };
        TrainingConfig config = Recipe(Found(20, 20), start);
        var again = ConfiguredModel.Create(config);
        Assert.Equal(
            trained.Model.StateDict().Where(entry => !entry.Name.StartsWith("head", StringComparison.Ordinal)).Select(entry => (entry.Name, $"{entry.Tensor.Shape}")),
            again.Model.StateDict().Where(entry => !entry.Name.StartsWith("head", StringComparison.Ordinal)).Select(entry => (entry.Name, $"{entry.Tensor.Shape}")));
    }

    private static ModelDescription Small => new() { Model = "polaformer_pp_cifar_2m", ImageSize = 32 };

    private static DataInspection Found(params int[] counts) =>
        new() { Classes = [.. counts.Select((_, i) => $"class {i}")], TrainCounts = counts, EvaluationCounts = counts, Unreadable = [], Duplicates = [] };

    private static TrainingConfig Recipe(DataInspection found, ModelDescription? start, string? model = null) =>
        ConfigurationReader.Read(null, FolderRecipe.KeysFor(found, start, model));

    private DataInspection Inspect() => DataInspection.Of(ImageDatasets.Open(_images.Path, "train"), ImageDatasets.Open(_images.Path, "val"));
}
