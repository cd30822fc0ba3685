using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Data;
using PolaFormer.Detection.Losses;
using PolaFormer.Detection.Masks;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;
using PolaFormer.Vision;

namespace PolaFormer.Cuda.Tests.Networks;

/// <summary>That detectors on the kernels have the processor's losses and gradients, and find the same objects.</summary>
public class DetectorTests
{
    private const int Side = 32;

    private static readonly PolaFormerPlusPlusConfig s_backbone = new() { EmbedDims = [8, 8, 16, 16], Depths = [1, 1, 1, 1], NumHeads = [1, 1, 2, 2], MlpRatios = [1, 1, 1, 1], LayerScales = [true, true, true, true], LayerInitValues = [1, 1, 1, 1], DropPathRate = 0 };

    public static TheoryData<string> Kinds => ["retina", "mask"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Losses_gradients_and_detections_are_the_processors(string kind)
    {
        DetectorConfig config = ConfigOf(kind);
        (double[] Losses, double[] Gradients, ImageDetections Found) expected = Run(config, Device.Cpu), actual = Run(config, FibreDevice.Create(order: 0));
        Distance.AssertWithin(1e-4, expected.Losses, actual.Losses, "losses");
        Distance.AssertWithin(1e-3, expected.Gradients, actual.Gradients, "gradients");
        Assert.Equal(expected.Found.Labels, actual.Found.Labels);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_comes_before_the_scores_is_one_piece_of_work_after_the_second_image(string kind)
    {
        var runtime = new FibreRuntime(order: 0);
        ObjectDetector here = DetectorOn(Device.Cpu, kind), there = DetectorOn(new CudaDevice(runtime, "cuda:0"), kind);
        for (int i = 0; i < 4; i++)
        {
            using Image photo = Noise(i);
            ImageDetections expected = here.Detect(photo), actual = there.Detect(photo);
            Assert.Equal(expected.Labels, actual.Labels);
            Assert.All(expected.Scores.Zip(actual.Scores), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
            Assert.NotEmpty(expected.Labels);
        }

        Assert.Equal(2, runtime.CapturedRuns);
    }

    private static ObjectDetector DetectorOn(Device device, string kind)
    {
        Detector network = ConfigOf(kind).Create();
        network.Initialize(3);

        // Scores of a network at its start are all below what RetinaNet tells of.
        foreach (Parameter weights in network.NamedParameters().Where(entry => entry.Name == "bbox_head.retina_cls.weight").Select(entry => entry.Parameter))
            weights.CopyFrom(weights.Detach() * 1000f);
        network.To(device);
        return new ObjectDetector(network, CocoCategories.Named(["a", "b"])) { Pipeline = DetectionPipeline.ForTest(Side, Side), Threshold = 0 };
    }

    private static Image Noise(int seed)
    {
        var image = new Image(Side, Side);
        new System.Random(seed).NextBytes(image.Pixels);
        return image;
    }

    private static DetectorConfig ConfigOf(string kind) => kind == "retina"
        ? DetectorParts.Retina(s_backbone, classes: 2, channels: 8, convolutions: 1)
        : DetectorParts.Reduced(DetectorParts.MaskRcnn(s_backbone, classes: 2), channels: 8, proposals: 12, regions: 8);

    private static (double[] Losses, double[] Gradients, ImageDetections Found) Run(DetectorConfig config, Device device)
    {
        Detector detector = config.Create();
        detector.Initialize(3);
        detector.To(device);
        detector.Train();
        float[] values = new float[Side * Side * 3];
        new Philox(3, 5).FillNormal(values, 0);
        Tensor images = Tensor.From(values, [1, Side, Side, 3], device);
        var info = new ImageInfo { Height = Side, Width = Side, PaddedHeight = Side, PaddedWidth = Side, OriginalHeight = Side, OriginalWidth = Side };
        var objects = new ImageObjects([new Box(3, 4, 25, 28)], [1], new BitmapMasks(Side, Side, [RunLengthMask.FromBox(3, 4, 22, 24, Side, Side).ToBitmap()]));
        NamedLoss[] losses;
        using (var tape = Tape.Start())
        {
            losses = detector.TrainingLosses(images, [info], [objects], count => [.. Enumerable.Range(0, count)]);
            tape.Backward(NamedLoss.Total(losses));
        }

        double[] gradients = [.. detector.NamedParameters().Where(entry => entry.Parameter.Grad is not null).SelectMany(entry => entry.Parameter.Grad!.ToArray()).Select(value => (double)value)];
        detector.Evaluate();
        using GradMode mode = GradMode.Disable();
        return ([.. losses.Select(loss => (double)loss.Sum().Reshape(1).Item())], gradients, detector.Detect(images, [info])[0]);
    }
}
