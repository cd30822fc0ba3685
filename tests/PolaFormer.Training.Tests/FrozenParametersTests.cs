using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Training.Configuration;

namespace PolaFormer.Training.Tests;

public sealed class FrozenParametersTests
{
    private readonly VisionModel _model = ModelRegistry.Find("polaformer_pp_cifar").Create();

    [Fact]
    public void MatchingParametersLeaveTraining()
    {
        long frozen = FrozenParameters.Apply(_model, ["patch_embed.*", "layers.0.*"]);
        (string Name, Parameter Parameter)[] all = [.. _model.NamedParameters()];
        Assert.All(all, entry => Assert.Equal(!(entry.Name.StartsWith("patch_embed.") || entry.Name.StartsWith("layers.0.")), entry.Parameter.RequiresGrad));
        Assert.Equal(all.Where(entry => !entry.Parameter.RequiresGrad).Sum(entry => entry.Parameter.Count), frozen);
    }

    [Fact]
    public void FrozenBatchNormsKeepTheirStatistics()
    {
        FrozenParameters.Apply(_model, ["patch_embed.*"]);
        _model.Train();
        FrozenParameters.KeepStatistics(_model);
        Assert.All(_model.Modules().OfType<BatchNorm2d>(), norm => Assert.Equal(!norm.FullName.StartsWith("patch_embed."), norm.IsTraining));
    }

    [Theory]
    [InlineData("stem.*")]
    [InlineData("*")]
    public void APatternForNothingOrEverythingIsAnError(string pattern) =>
        Assert.Throws<ConfigurationException>(() => FrozenParameters.Apply(_model, [pattern]));
}
