using PolaFormer.Tensors;
using PolaFormer.Training.Configuration;

namespace PolaFormer.LongRange.Tests;

/// <summary>The recipes in configs/long_range have the numbers of the Skyformer repository's configuration, Pathfinder's rate the paper's.</summary>
public class RecipeTests
{
    [Theory]
    [InlineData("listops", 32, 1e-4, 1000, 500, 62, 209_802)]
    [InlineData("text", 32, 1e-4, 80, 500, 200, 370_562)]
    [InlineData("retrieval", 16, 2e-4, 800, 1000, 300, 395_138)]
    [InlineData("pathfinder", 128, 5e-4, 312, 500, 156, 173_954)]
    [InlineData("image", 256, 1e-4, 175, 50, 20, 158_602)]
    public void ARecipeHasThePublishedNumbers(string name, int batch, double rate, int warmup, int every, int devBatches, long parameters)
    {
        TrainingConfig config = ConfigurationReader.Read(Path.Combine(Folder(), $"{name}.yaml"));
        ConfigurationRules.Check(config);
        Assert.Equal((name, batch, rate, warmup, every, devBatches), (config.Data.Dataset, config.Data.BatchSize, config.Train.BaseLr, config.LongRange.WarmupSteps, config.LongRange.StepsPerEpoch, config.LongRange.DevBatches));
        Assert.Equal(50_000, config.Train.Epochs * config.LongRange.StepsPerEpoch);
        Assert.Equal((0, 1, "value", 1e-6, 0.1, "onecycle", "paper"), (config.Train.WeightDecay, config.Train.ClipGrad, config.Train.ClipMode, config.Train.Optimizer.Eps, config.Model.DropRate, config.Train.LrScheduler.Name, config.LongRange.Protocol));
        Assert.True(ArenaTrainer.IsWanted(config));
        config.Model.Attention = ["softmax"];
        using (new MetaDevice().Use())
            Assert.Equal(parameters, ArenaTrainer.NetworkOf(config, ArenaTask.Find(name)).ParameterCount);
    }

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent!;
        return Path.Combine(folder.FullName, "configs", "long_range");
    }
}
