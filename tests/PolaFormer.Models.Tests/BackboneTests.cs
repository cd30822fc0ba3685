using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Models.Tests;

public class BackboneTests
{
    private static readonly Dictionary<string, VisionModelConfig> Hosts = ModelRegistry.Families.SelectMany(family => family.Tiny).ToDictionary();

    public static TheoryData<string> HostNames => [.. Hosts.Keys];

    [Theory]
    [MemberData(nameof(HostNames))]
    public void MapsHaveTheDeclaredChannelsAndStridesAtAnySize(string host)
    {
        var extractor = new FeatureExtractor(Hosts[host].ForDensePrediction().CreateBackbone());
        extractor.Initialize(1);
        foreach ((int height, int width) in ((int, int)[])[(48, 80), (41, 33)])
        {
            Tensor[] maps = extractor.ForwardMaps(Images(height, width));
            Assert.Equal(extractor.Levels.Count, maps.Length);
            foreach ((Tensor map, FeatureLevel level) in maps.Zip(extractor.Levels))
            {
                Assert.Equal(level.Channels, map.Shape[3]);
                Assert.InRange(map.Shape[1], height / level.Stride, ((height - 1) / level.Stride) + 1);
                Assert.InRange(map.Shape[2], width / level.Stride, ((width - 1) / level.Stride) + 1);
                Assert.All(map.ToArray(), value => Assert.True(float.IsFinite(value)));
            }
        }
    }

    [Theory]
    [InlineData("pola_pvt", "polarity")]
    [InlineData("pvt", "polarity(gate=learned)")]
    [InlineData("swin", "polarity")]
    [InlineData("cswin", "polarity")]
    [InlineData("pooled deit", "polarity")]
    public void PositionsOfAttentionAreInterpolatedToOtherGrids(string host, string attention)
    {
        Backbone backbone = (Hosts[host] with { Attention = [attention] }).ForDensePrediction().CreateBackbone();
        backbone.Initialize(1);
        Assert.All(backbone.ForwardFeatures(Images(64, 40)).ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [MemberData(nameof(HostNames))]
    public void TheClassifierIsTheBackboneWithAHead(string host)
    {
        VisionModel model = Hosts[host].Create();
        Backbone backbone = Hosts[host].CreateBackbone();
        string[] names = [.. backbone.StateDict().Select(entry => entry.Name)];
        Assert.Equal(names, model.StateDict().Select(entry => entry.Name).Take(names.Length));
        model.Initialize(1);
        backbone.Initialize(1);
        Tensor images = Images(Hosts[host].ImageSize, Hosts[host].ImageSize);
        Assert.Equal(model.ForwardFeatures(images).ToArray(), backbone.ForwardFeatures(images).ToArray());
    }

    [Fact]
    public void SeveralMapsOfACheckpointedBackboneHaveTheGradientsOfAPlainOne()
    {
        float[] plain = Gradients(isCheckpointed: false);
        Assert.Contains(plain, value => value != 0);
        Assert.Equal(plain, Gradients(isCheckpointed: true));

        static float[] Gradients(bool isCheckpointed)
        {
            var extractor = new FeatureExtractor(Hosts["swin"].ForDensePrediction().CreateBackbone()) { IsCheckpointed = isCheckpointed };
            extractor.Initialize(3);
            extractor.Train();
            using var tape = Tape.Start();
            Tensor[] maps = extractor.ForwardMaps(Images(40, 56));
            tape.Backward(maps.Select(map => map.Apply(UnaryFunction.Square).Mean()).Aggregate((a, b) => a + b));
            return [.. extractor.Parameters().SelectMany(parameter => parameter.Grad!.ToArray())];
        }
    }

    [Fact]
    public void NamesAndScopesHoldForThePassesBesideForward()
    {
        VisionModel model = Hosts["pola_pvt"].Create();
        model.Initialize(1);
        var stages = new List<(string Stage, Tensor Features)>();
        Tensor features = model.ForwardFeatures(Images(32, 32), stages);
        Assert.Equal(["stem", "stage1", "stage2"], stages.Select(stage => stage.Stage));
        Assert.Equal(stages[^1].Features.ToArray(), features.ToArray());
        Assert.Null(Module.Running);
    }

    [Fact]
    public void FrozenStagesNeitherTrainNorDrop()
    {
        VisionModelConfig config = Hosts["swin"] with { DropPathRate = 0.5f };
        var extractor = new FeatureExtractor(config.ForDensePrediction().CreateBackbone(), new FeatureExtractorOptions { FrozenStages = 1 });
        extractor.Train();
        foreach ((string name, Parameter parameter) in extractor.NamedParameters())
            Assert.Equal(!(name.StartsWith("patch_embed", StringComparison.Ordinal) || name.StartsWith("layers.0", StringComparison.Ordinal) || name.StartsWith("norm0", StringComparison.Ordinal)), parameter.RequiresGrad);
        Assert.All(extractor.Modules().Where(module => module.FullName.StartsWith("layers.0.", StringComparison.Ordinal)), module => Assert.False(module.IsTraining));
        Assert.Contains(extractor.Modules(), module => module.FullName.StartsWith("layers.1.", StringComparison.Ordinal) && module.IsTraining);
    }

    [Fact]
    public void KeptStatisticsStayWhileWeightsOfTheNormsLearn()
    {
        var extractor = new FeatureExtractor(Hosts["polaformer_pp"].CreateBackbone(), new FeatureExtractorOptions { KeepsStatistics = true });
        extractor.Initialize(1);
        extractor.Train();
        Assert.True(extractor.IsTraining);
        float[] Statistics() => [.. extractor.StateDict().Where(entry => entry.Name.Contains("running", StringComparison.Ordinal)).SelectMany(entry => entry.Tensor.ToArray())];
        float[] before = Statistics();
        using (var tape = Tape.Start())
            tape.Backward(extractor.ForwardMaps(Images(32, 48)).Select(map => map.Apply(UnaryFunction.Square).Mean()).Aggregate((a, b) => a + b));
        Assert.Equal(before, Statistics());
        Assert.NotNull(extractor.NamedParameters().Single(entry => entry.Name == "patch_embed.proj.1.weight").Parameter.Grad);
    }

    [Fact]
    public void AStageThatIsNotThereIsNamed()
    {
        var error = Assert.Throws<ArgumentException>(() => new FeatureExtractor(Hosts["swin"].CreateBackbone(), new FeatureExtractorOptions { Stages = [0, 4] }));
        Assert.Contains("[0, 4]", error.Message, StringComparison.Ordinal);
    }

    private static Tensor Images(int height, int width)
    {
        Tensor images = Tensor.Empty([2, height, width, 3]);
        new Philox(11, 0).FillNormal(images.AsSpan<float>(), 0);
        return images;
    }
}
