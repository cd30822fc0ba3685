using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Losses;
using PolaFormer.Detection.Masks;
using PolaFormer.Models;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Detection.Tests;

public class DetectorTests
{
    private static readonly PolaFormerPlusPlusConfig s_network = new() { EmbedDims = [8, 8, 16, 16], Depths = [1, 1, 1, 1], NumHeads = [1, 1, 2, 2], MlpRatios = [1, 1, 1, 1], LayerScales = [true, true, true, true], LayerInitValues = [1, 1, 1, 1] };

    public static TheoryData<string> Kinds => ["retina", "mask", "cascade"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_step_has_finite_losses_and_gives_every_head_a_gradient(string kind)
    {
        Detector detector = Made(kind);
        detector.Train();
        var image = new ImageInfo { Height = 60, Width = 90, PaddedHeight = 64, PaddedWidth = 96, OriginalHeight = 60, OriginalWidth = 90 };
        var masks = new BitmapMasks(64, 96, [RunLengthMask.FromBox(10, 10, 40, 30, 64, 96).ToBitmap()]);
        var objects = new ImageObjects([new Box(10, 10, 50, 40)], [1], masks);
        using var tape = Tape.Start();
        NamedLoss[] losses = detector.TrainingLosses(Tensor.Full([1, 64, 96, 3], 0.3f), [image], [objects], count => [.. Enumerable.Range(0, count)]);
        Assert.All(losses, loss => Assert.All(loss.Values, value => Assert.True(float.IsFinite(value.Item()))));
        tape.Backward(NamedLoss.Total(losses));
        Assert.All(detector.NamedParameters().Where(entry => entry.Name.Contains("head", StringComparison.Ordinal)), entry => Assert.NotNull(entry.Parameter.Grad));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_text_of_a_configuration_makes_the_same_network(string kind)
    {
        DetectorConfig config = Made(kind).Config;
        string text = DetectorConfigJson.Write(config);
        Assert.Equal(text, DetectorConfigJson.Write(DetectorConfigJson.Read(text)));
    }

    [Fact]
    public void Every_registered_detector_can_be_made()
    {
        using IDisposable meta = new MetaDevice().Use();
        Assert.All(DetectorRegistry.All, entry => Assert.True(entry.Config.Create().ParameterCount > 0));
    }

    private static Detector Made(string kind)
    {
        DetectorConfig config = kind switch
        {
            "retina" => DetectorParts.Retina(s_network, classes: 3),
            "mask" => DetectorParts.MaskRcnn(s_network, classes: 3),
            _ => DetectorParts.Cascade(s_network, classes: 3),
        };
        Detector detector = config.Create();
        detector.Initialize(1);
        return detector;
    }
}
