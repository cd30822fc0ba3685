using PolaFormer.Checkpoints;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Tests;

public sealed class ImageSegmenterTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer-segmenter-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void ACheckpointOfOursIsLoadedByItsDescription()
    {
        string path = Save(out Segmenter network);
        ImageSegmenter segmenter = ImageSegmenter.Load(path);
        Assert.Equal(["sky", "tree", "road"], segmenter.Classes.Names);
        Assert.Equal(new ClassColor(1, 2, 3), segmenter.Classes.Colors[0]);
        Assert.Equal((96, 64), segmenter.Pipeline.Scale);
        using Image photo = Photo(70, 50);
        SegmentationResult result = segmenter.Segment(photo);
        Assert.Equal((70, 50), (result.Map.Width, result.Map.Height));
        Assert.Equal(70 * 50, result.Areas.Sum(area => area.Pixels));
        Assert.Equal(1, result.Areas.Sum(area => area.Share), 1e-9);

        // What the description lost would show here.
        network.Evaluate();
        Assert.Equal(new ImageSegmenter(network, segmenter.Classes) { Pipeline = segmenter.Pipeline }.Segment(photo).Map.Values, result.Map.Values);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RowsGiveTheClassesOfWholeMaps(bool slides)
    {
        Segmenter network = TinySegmenter.LightHam(5).Create();
        network.Initialize(7);
        network.Evaluate();
        var segmenter = new ImageSegmenter(network, ClassNames.Numbered(5)) { Pipeline = new TestPipeline { Scale = (128, 64) }, Window = slides ? new SlidingWindow(32, 48, 20, 30) : null };
        using Image photo = Photo(90, 55);
        NetworkInput input = segmenter.Pipeline.Apply(photo);
        Tensor images = Tensor.From(input.Values, [1, input.Height, input.Width, 3]);
        Tensor probabilities = SegmenterInference.Probabilities(network, SegmenterInference.Logits(network, images, segmenter.Window), 55, 90);
        AssertSame(probabilities, segmenter.Segment(photo).Map.Values);
    }

    [Fact]
    public void ViewsAreAveraged()
    {
        Segmenter network = TinySegmenter.LightHam(4).Create();
        network.Initialize(9);
        network.Evaluate();
        var segmenter = new ImageSegmenter(network, ClassNames.Numbered(4)) { Pipeline = new TestPipeline { Scale = (64, 64) }, Ratios = [1, 1.5], UsesFlips = true };
        using Image photo = Photo(50, 40);
        Tensor sum = Tensor.Zeros([1, 40, 50, 4]);
        foreach (double ratio in segmenter.Ratios)
        {
            foreach (bool flip in (bool[])[false, true])
            {
                NetworkInput input = segmenter.Pipeline.Apply(photo, ratio, flip);
                Tensor logits = SegmenterInference.Logits(network, Tensor.From(input.Values, [1, input.Height, input.Width, 3]));
                sum = sum + SegmenterInference.Probabilities(network, logits, 40, 50, flip ? FlipDirection.Horizontal : FlipDirection.None);
            }
        }

        AssertSame(sum, segmenter.Segment(photo).Map.Values);
    }

    // Nothing that is made has the photograph's pixels times the classes, which are 1.2 GB here.
    [Theory]
    [InlineData(512)]
    [InlineData(null)]
    public void TensorsOfALargePhotographAreFarSmallerThanItsPixelsTimesItsClasses(int? window)
    {
        const int Width = 2048, Height = 1024, Classes = 150;
        Segmenter network = TinySegmenter.LightHam(Classes).Create();
        network.Initialize(3);
        network.Evaluate();
        network.OptimizeForInference();
        var segmenter = new ImageSegmenter(network, ClassNames.Numbered(Classes))
        {
            Pipeline = new TestPipeline { Scale = (Width, window is null ? Height / 4 : Height) },
            Window = window is { } side ? new SlidingWindow(side, side, 2 * side / 3, 2 * side / 3) : null,
        };
        using Image photo = Photo(Width, Height);
        SegmentationResult? result = null;
        long peak = Device.Cpu.MemoryStatistics.PeakOf(() => result = segmenter.Segment(photo));
        Assert.Equal(Width * Height, result!.Map.Values.Length);
        Assert.True(peak < 100_000_000, $"{peak:N0} bytes");
    }

    [Fact]
    public void ACheckpointOfAnotherKindIsRefusedInALine()
    {
        string path = Path.Combine(_folder.FullName, "other.safetensors");
        SafetensorsWriter.Write(path, [new CheckpointTensor("head.weight", [2, 2], new float[4])]);
        Assert.Contains("decode_head.conv_seg.weight", Assert.Throws<CheckpointException>(() => ImageSegmenter.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADescriptionThatAsksForTooMuchIsRefused()
    {
        string path = Save(out _, metadata => metadata["config"] = metadata["config"].Replace("\"HAM_CHANNELS\":16", "\"HAM_CHANNELS\":60000", StringComparison.Ordinal));
        Assert.Throws<CheckpointException>(() => ImageSegmenter.Load(path));
    }

    [Fact]
    public void TheOverlayHasALegend()
    {
        using Image photo = Photo(60, 48);
        var values = new byte[60 * 48];
        values.AsSpan(0, 600).Fill(1);
        var result = new SegmentationResult(new LabelMap(60, 48, values), new ClassNames(["sky", "tree"]));
        using Image overlay = result.Overlay(photo);
        Assert.Equal(48, overlay.Height);
        Assert.True(overlay.Width > 60);
        ClassColor sky = result.Classes.Colors[0];
        bool found = false;
        for (int i = 60; i < overlay.Width; i++)
            found |= overlay.Row(6)[3 * i] == sky.Red && overlay.Row(6)[(3 * i) + 1] == sky.Green && overlay.Row(6)[(3 * i) + 2] == sky.Blue;
        Assert.True(found);
        Assert.Equal(["sky", "tree"], result.Areas.Select(area => area.Label));
    }

    private string Save(out Segmenter network, Action<Dictionary<string, string>>? change = null)
    {
        SegmenterConfig config = TinySegmenter.LightHam(3);
        network = config.Create();
        network.Initialize(5);
        var description = new SegmenterDescription { Name = "tiny", Config = config, Classes = new ClassNames(["sky", "tree", "road"], [new(1, 2, 3), new(4, 5, 6), new(7, 8, 9)]), Scale = (96, 64) };
        var metadata = new Dictionary<string, string>(description.ToMetadata());
        change?.Invoke(metadata);
        string path = Path.Combine(_folder.FullName, "tiny.safetensors");
        SafetensorsWriter.Write(path, network.StateDict().Where(entry => entry.Tensor.DType == DType.Float32).Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.Shape, entry.Tensor.ToArray())), metadata);
        return path;
    }

    // Where two classes are as good as equal, rounding decides.
    private static void AssertSame(Tensor values, byte[] actual)
    {
        int classes = values.Shape[3];
        float[] all = values.ToArray();
        for (int i = 0; i < actual.Length; i++)
        {
            float[] pixel = all[(i * classes)..((i + 1) * classes)];
            Assert.True(pixel.Max() - pixel[actual[i]] < 1e-5, $"pixel {i}");
        }
    }

    private static Image Photo(int width, int height)
    {
        var image = new Image(width, height);
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < 3 * width; i++)
                image.Row(y)[i] = (byte)((i * 7) + (y * 13) + (i * y));
        }

        return image;
    }
}
