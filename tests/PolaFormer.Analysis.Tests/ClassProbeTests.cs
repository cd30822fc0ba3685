using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Analysis.Tests;

/// <summary>What is seen of a class.</summary>
public class ClassProbeTests
{
    [Fact]
    public void FeaturesTimesTheirDerivativesAreTheLogitWithoutItsBias()
    {
        // The head is linear in the map's mean.
        VisionModel model = Model();
        ClassProbe probe = AttentionProbe.RunForClass(model, Image(), 2);
        float bias = model.NamedParameters().Single(entry => entry.Name == "head.bias").Parameter.ToArray()[2];
        Assert.Equal(probe.Logit - bias, probe.Features.Zip(probe.Gradient, (x, g) => (double)x * g).Sum(), 1e-4);
        Assert.Equal((4, 4), (probe.FeatureRows, probe.FeatureColumns));
    }

    [Fact]
    public void TheMostProbableClassIsTakenWhereNoneIsNamed()
    {
        VisionModel model = Model();
        float[] logits = model.Forward(Image()).ToArray();
        Assert.Equal(Array.IndexOf(logits, logits.Max()), AttentionProbe.RunForClass(model, Image()).Class);
    }

    [Fact]
    public void EveryLayerHasDerivativesByItsValues()
    {
        ClassProbe probe = AttentionProbe.RunForClass(Model(), Image(), 0);
        Assert.All(probe.Layers, layer => Assert.Equal(layer.Inputs.Value.Source.Count, layer.ValueGradient.Length));
        Assert.All(probe.Layers, layer => Assert.Contains(layer.ValueGradient, value => value != 0));
    }

    [Fact]
    public void ParametersKeepTheirGradients()
    {
        VisionModel model = Model();
        AttentionProbe.RunForClass(model, Image(), 1);
        Assert.All(model.Parameters(), parameter => Assert.True(parameter.RequiresGrad && parameter.Grad is null));
    }

    [Fact]
    public void RolloutsOfClassesAreSharesAndDiffer()
    {
        VisionModel model = Model();
        float[] first = AttentionRollout.OfClass(AttentionProbe.RunForClass(model, Image(), 0)), second = AttentionRollout.OfClass(AttentionProbe.RunForClass(model, Image(), 1));
        Assert.Equal(1, first.Sum(), 1e-4f);
        Assert.All(first, share => Assert.True(share >= 0));
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void GradCamIsReluOfTheWeightedChannels()
    {
        var probe = new ClassProbe(0, 0, [], [1, 2, 3, 4], [1, -1, 1, -3], 1, 2);
        // Means of the derivatives: (1, −2); (1·1 − 2·2, 3·1 − 4·2) is below 0, so the signs of the second channel are turned.
        Assert.Equal([0, 0], GradCam.Of(probe));
        Assert.Equal([5, 11], GradCam.Of(probe with { Gradient = [1, 1, 1, 3] }));
    }

    [Fact]
    public void AClassThatIsNotThereIsRefused() => Assert.Throws<ArgumentException>(() => AttentionProbe.RunForClass(Model(), Image(), 3));

    private static VisionModel Model()
    {
        var model = new Pvt(new PvtConfig { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], Depths = [1, 2], NumHeads = [1, 2], MlpRatios = [2, 2], SrRatios = [2, 1], LaSrRatios = [2, 1], AttnType = "LS" });
        model.Initialize(5);
        model.Evaluate();
        return model;
    }

    private static Tensor Image()
    {
        Tensor image = Tensor.Empty([1, 32, 32, 3]);
        new Philox(1, 2).FillNormal(image.AsSpan<float>(), 0);
        return image;
    }
}
