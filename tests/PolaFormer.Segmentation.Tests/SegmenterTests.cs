using PolaFormer.Checkpoints;
using PolaFormer.Models;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Losses;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Segmentation.Tests;

public sealed class SegmenterTests
{
    [Fact]
    public void LogitsHaveTheSizeOfTheImages()
    {
        Segmenter network = TinySegmenter.LightHam(5).Create();
        network.Initialize(1);
        Assert.Equal(new Shape(2, 40, 56, 5), network.Forward(Images(2, 40, 56)).Shape);
    }

    [Fact]
    public void EvaluationRepeatsItsBases()
    {
        Segmenter network = TinySegmenter.LightHam(3).Create();
        network.Initialize(1);
        network.Evaluate();
        Tensor images = Images(1, 32, 32);
        Assert.Equal(network.Forward(images).ToArray(), network.Forward(images).ToArray());
    }

    [Fact]
    public void AResultDoesNotDependOnThePlaceInTheBatch()
    {
        Segmenter network = TinySegmenter.LightHam(3).Create();
        network.Initialize(1);
        network.Evaluate();
        Tensor images = Images(2, 32, 32);
        float[] both = network.Forward(images).ToArray(), second = network.Forward(images.Slice(0, 1, 1)).ToArray();
        for (int i = 0; i < second.Length; i++)
            Assert.Equal(second[i], both[second.Length + i], 1e-5f);
    }

    public static TheoryData<string> Networks => [.. TinySegmenter.All.Keys];

    [Theory]
    [MemberData(nameof(Networks))]
    public void ADescriptionBuildsTheSameNetworkAgain(string name)
    {
        SegmenterConfig again = SegmenterConfig.Json.Read(SegmenterConfig.Json.Write(TinySegmenter.All[name]));
        Assert.Equal(
            TinySegmenter.All[name].Create().StateDict().Select(entry => $"{entry.Name} {entry.Tensor.Shape}"),
            again.Create().StateDict().Select(entry => $"{entry.Name} {entry.Tensor.Shape}"));
    }

    public static TheoryData<string, int, bool> Variants
    {
        get
        {
            var variants = new TheoryData<string, int, bool>();
            foreach (string name in TinySegmenter.All.Keys)
            {
                foreach (int classes in (int[])[1, 2, 255])
                    variants.Add(name, classes, classes == 2);
            }

            return variants;
        }
    }

    // Sides that no stride and no window divides; every image by itself.
    [Theory]
    [MemberData(nameof(Variants))]
    public void ImagesOfOddSidesAreSegmentedEachByItself(string name, int classes, bool alignCorners)
    {
        SegmenterConfig config = TinySegmenter.All[name].WithClasses(classes);
        Segmenter network = (config with { Head = config.Head with { AlignCorners = alignCorners } }).Create();
        network.Initialize(1);
        network.Evaluate();
        Tensor images = Images(3, 37, 53), all = network.Forward(images);
        Assert.Equal(new Shape(3, 37, 53, classes), all.Shape);
        float[] second = network.Forward(images.Slice(0, 1, 1)).ToArray(), values = all.ToArray();
        for (int i = 0; i < second.Length; i++)
            Assert.Equal(second[i], values[second.Length + i], 1e-4f);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"BACKBONE\":{\"FAMILY\":\"polaformer_pp\",\"CONFIG\":{}},\"HEAD\":{\"TYPE\":\"other\"}}")]
    [InlineData("{\"BACKBONE\":{\"FAMILY\":\"other\",\"CONFIG\":{}},\"HEAD\":{\"TYPE\":\"fcn\",\"IN_CHANNELS\":[8],\"IN_INDEX\":[0]}}")]
    [InlineData("{\"BACKBONE\":{\"FAMILY\":\"polaformer_pp\"},\"HEAD\":{\"TYPE\":\"fcn\",\"IN_CHANNELS\":[8],\"IN_INDEX\":[0]}}")]
    public void ADescriptionThatIsNoneIsRefused(string json) => Assert.Throws<ArgumentException>(() => SegmenterConfig.Json.Read(json));

    [Theory]
    [InlineData("\"GROUPS\":1", "\"GROUPS\":1,\"UNKNOWN\":1", "UNKNOWN")]
    [InlineData("\"IN_INDEX\":[1,2,3],", "", "IN_INDEX")]
    [InlineData("\"NORM\":\"group\"", "\"NORM\":\"grouped\"", "NORM")]
    [InlineData("\"NORM\":\"group\"", "\"NORM\":2", "NORM")]
    public void AnUnknownAMissingAndAWrongKeyAreNamed(string written, string changed, string named)
    {
        string text = SegmenterConfig.Json.Write(TinySegmenter.LightHam(3)), damaged = text.Replace(written, changed, StringComparison.Ordinal);
        Assert.NotEqual(text, damaged);
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => SegmenterConfig.Json.Read(damaged)).Message, StringComparison.Ordinal);
    }

    // A checkpoint may be older than a key.
    [Theory]
    [InlineData("light ham", "\"EVALUATION_STEPS\":7,")]
    [InlineData("light ham", ",\"LOSS_WEIGHT\":1")]
    [InlineData("upernet", "\"POOL_SCALES\":[1,2,3,6],")]
    [InlineData("upernet", "\"CONCAT_INPUT\":true,")]
    [InlineData("semantic fpn", "\"RELU_BEFORE_EXTRA\":false")]
    public void AKeyThatIsLeftOutHasItsDefault(string name, string part)
    {
        string text = SegmenterConfig.Json.Write(TinySegmenter.All[name]), older = text.Replace(part, "", StringComparison.Ordinal).Replace(",}", "}", StringComparison.Ordinal);
        Assert.NotEqual(text, older);
        Assert.Equal(text, SegmenterConfig.Json.Write(SegmenterConfig.Json.Read(older)));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void OptimizedForInferenceItGivesTheSameLogits(string name)
    {
        Segmenter network = TinySegmenter.All[name].Create();
        network.Initialize(1);
        network.Train();
        Tensor images = Images(2, 64, 80);
        network.ForwardHeads(images);
        network.Evaluate();
        float[] before = network.Forward(images).ToArray();
        network.OptimizeForInference();
        float[] after = network.Forward(images).ToArray();
        for (int i = 0; i < before.Length; i++)
            Assert.Equal(before[i], after[i], 1e-4f);
    }

    [Fact]
    public void IgnoredPixelsCountInTheMeanAndGetNoGradient()
    {
        Tensor logits = Images(1, 4, 4);
        logits.RequiresGrad = true;
        var labels = new byte[16];
        labels.AsSpan(8).Fill(LabelMap.Ignored);
        using (var tape = Tape.Start())
            tape.Backward(PixelLoss.Of(logits, [new LabelMap(4, 4, labels)], TinySegmenter.LightHam(3).Head));
        Assert.All(logits.Grad!.ToArray()[24..], value => Assert.Equal(0, value));
        Assert.Contains(logits.Grad!.ToArray()[..24], value => value != 0);
    }

    [Fact]
    public void ALabelThatIsNoClassIsNamed()
    {
        Tensor logits = Images(1, 2, 2);
        var error = Assert.Throws<ArgumentException>(() => PixelLoss.Of(logits, [new LabelMap(2, 2, [0, 1, 7, 2])], TinySegmenter.LightHam(3).Head));
        Assert.Contains("label 7", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryPublishedNetworkIsFoundByItsName()
    {
        foreach (SegmenterEntry entry in SegmenterRegistry.All)
            Assert.Same(entry, SegmenterRegistry.Find(entry.Name));
        Assert.Contains("polapp_b1_ham", Assert.Throws<ArgumentException>(() => SegmenterRegistry.Find("polapp")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ABackboneStartsFromAClassifier()
    {
        var config = new PvtConfig { ImageSize = 32, NumClasses = 3, EmbedDims = [8, 16], NumHeads = [2, 2], MlpRatios = [1, 1], Depths = [1, 1], SrRatios = [2, 1], LaSrRatios = [1, 1], AttnType = "SS", ClassToken = true };
        VisionModel classifier = config.Create();
        classifier.Initialize(3);
        string path = Path.GetTempFileName();
        try
        {
            SafetensorsWriter.Write(path, classifier.StateDict().Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.Shape, entry.Tensor.ToArray())));
            var backbone = new FeatureExtractor(config.ForDensePrediction().CreateBackbone());
            backbone.Initialize(4);
            using Checkpoint checkpoint = Checkpoint.Open(path);
            PretrainedReport report = LenientLoader.Load(backbone, checkpoint);
            Assert.Empty(report.Missing);
            Assert.Empty(report.Mismatched);
            Dictionary<string, Tensor> loaded = backbone.StateDict().ToDictionary();
            foreach ((string name, Tensor tensor) in classifier.StateDict())
            {
                if (name == "pos_embed2")
                    Assert.Equal(tensor.ToArray()[16..], loaded[name].ToArray());
                else if (loaded.TryGetValue(name, out Tensor? found))
                    Assert.Equal(tensor.ToArray(), found.ToArray());
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Tensor Images(int batch, int height, int width)
    {
        var values = new float[batch * height * width * 3];
        new Philox(5, 0).FillNormal(values, 0);
        return Tensor.From(values, [batch, height, width, 3]);
    }
}
