using PolaFormer.Models;
using PolaFormer.NN.Attention.Mechanisms;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

public class PretrainedLoaderTests
{
    private static readonly SwinConfig s_config = new() { ImageSize = 32, NumClasses = 5, EmbedDim = 8, Depths = [1, 2], NumHeads = [1, 2], WindowSize = 56, AttnType = "LS" };

    [Fact]
    public void ChangesNothingButCopiesAtTheSameResolution()
    {
        Swin source = Made(s_config, 1), target = Made(s_config, 2);
        PretrainedReport report = PretrainedLoader.Load(target, source);
        Assert.Empty(report.Interpolated);
        Assert.Empty(report.Missing);
        Assert.All(target.NamedParameters().Zip(source.NamedParameters()), pair => Assert.Equal(pair.Second.Parameter.ToArray(), pair.First.Parameter.ToArray()));
    }

    [Theory]
    [InlineData("positional_encoding")]
    [InlineData("gate")]
    public void CarriesPositionsToAnotherResolution(string name)
    {
        SwinConfig config = s_config with { Polarity = new PolarityOptions { Gate = PolarityGate.Learned } };
        Swin source = Made(config, 1), target = Made(config with { ImageSize = 48 }, 2);
        Tensor encoding = source.StateDict().Single(entry => entry.Name.EndsWith(name, StringComparison.Ordinal)).Tensor;
        encoding.AsSpan<float>().Fill(0.25f);
        PretrainedReport report = PretrainedLoader.Load(target, source);
        Assert.Contains($"layers.0.blocks.0.attn.{name}", report.Interpolated);
        Tensor resized = target.StateDict().Single(entry => entry.Name.EndsWith(name, StringComparison.Ordinal)).Tensor;
        Assert.All(resized.ToArray(), value => Assert.Equal(0.25f, value, 1e-6f));
    }

    [Fact]
    public void SetsAClassifierOfAnotherWidthToZero()
    {
        Swin source = Made(s_config, 1), target = Made(s_config with { NumClasses = 3 }, 2);
        PretrainedReport report = PretrainedLoader.Load(target, source);
        Assert.Equal(["head.weight", "head.bias"], report.Reset);
        Assert.All(target.StateDict().Where(entry => entry.Name.StartsWith("head.", StringComparison.Ordinal)), entry => Assert.All(entry.Tensor.ToArray(), value => Assert.Equal(0, value)));
    }

    [Fact]
    public void RefusesAnotherArchitecture()
    {
        Swin source = Made(s_config, 1), target = Made(s_config with { EmbedDim = 16 }, 2);
        CheckpointException error = Assert.Throws<CheckpointException>(() => PretrainedLoader.Load(target, source));
        Assert.Contains("another architecture", error.Message, StringComparison.Ordinal);
    }

    private static Swin Made(SwinConfig config, ulong seed)
    {
        var model = new Swin(config);
        model.Initialize(seed);
        return model;
    }
}
