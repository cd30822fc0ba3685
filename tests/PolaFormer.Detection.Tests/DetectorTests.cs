using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Detection.Losses;
using PolaFormer.Detection.Masks;
using PolaFormer.Models;
using PolaFormer.Models.Necks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;
using PolaFormer.Tensors.Threading;

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

    // Images of two sizes that no stride divides; in the first, or in both, there is nothing.
    [Theory]
    [InlineData("retina", 0)]
    [InlineData("retina", 1)]
    [InlineData("mask", 0)]
    [InlineData("mask", 1)]
    [InlineData("cascade", 0)]
    [InlineData("cascade", 1)]
    public void Images_of_odd_sizes_without_objects_are_learnt_and_looked_at(string kind, int objects)
    {
        Detector detector = Made(kind, isReduced: true);
        ImageInfo[] images =
        [
            new() { Height = 43, Width = 77, PaddedHeight = 43, PaddedWidth = 77, OriginalHeight = 86, OriginalWidth = 154, ScaleX = 0.5f, ScaleY = 0.5f },
            new() { Height = 61, Width = 35, PaddedHeight = 61, PaddedWidth = 35, OriginalHeight = 61, OriginalWidth = 35 },
        ];
        Tensor pixels = Noise(2, 61, 77);
        ImageObjects[] contents = [Nothing, objects == 0 ? Nothing : new ImageObjects([new Box(3, 5, 30, 50)], [2], new BitmapMasks(61, 77, [RunLengthMask.FromBox(3, 5, 27, 45, 61, 77).ToBitmap()]))];
        detector.Train();
        using (var tape = Tape.Start())
        {
            NamedLoss[] losses = detector.TrainingLosses(pixels, images, contents, count => [.. Enumerable.Range(0, count)]);
            Assert.All(losses, loss => Assert.All(loss.Values, value => Assert.True(float.IsFinite(value.Item()), loss.Name)));
            if (objects == 0)
                Assert.All(losses.Where(loss => loss.Name.Contains("bbox", StringComparison.Ordinal) || loss.Name.Contains("mask", StringComparison.Ordinal)), loss => Assert.Equal(0, loss.Sum().Item()));
            tape.Backward(NamedLoss.Total(losses));
        }

        detector.Evaluate();
        ImageDetections[] found = detector.Detect(pixels, images), alone = detector.Detect(pixels.Slice(0, 1, 1), images[1..]);
        Assert.All(found[0].Boxes, box => Assert.True(box.X1 >= 0 && box.Y1 >= 0 && box.X2 <= 154 && box.Y2 <= 86));
        Assert.Equal(alone[0].Labels, found[1].Labels);
        Assert.All(alone[0].Scores.Zip(found[1].Scores), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.All(found[1].Masks ?? [], mask => Assert.Equal((61, 35), (mask.Height, mask.Width)));
    }

    [Fact]
    public void A_mask_may_be_drawn_alike_for_all_classes()
    {
        DetectorConfig config = DetectorParts.Reduced(DetectorParts.MaskRcnn(s_network, classes: 3), channels: 16, proposals: 40, regions: 24);
        Detector detector = (config with { Regions = config.Regions! with { MaskHead = config.Regions.MaskHead! with { IsClassAgnostic = true } } }).Create();
        detector.Initialize(1);
        Assert.Equal(1, detector.NamedParameters().Single(entry => entry.Name == "roi_head.mask_head.conv_logits.bias").Parameter.Count);
        var image = new ImageInfo { Height = 64, Width = 96, PaddedHeight = 64, PaddedWidth = 96, OriginalHeight = 64, OriginalWidth = 96 };
        var objects = new ImageObjects([new Box(10, 10, 50, 40)], [2], new BitmapMasks(64, 96, [RunLengthMask.FromBox(10, 10, 40, 30, 64, 96).ToBitmap()]));
        detector.Train();
        using (var tape = Tape.Start())
        {
            NamedLoss[] losses = detector.TrainingLosses(Noise(1, 64, 96), [image], [objects], count => [.. Enumerable.Range(0, count)]);
            Assert.InRange(losses.Single(loss => loss.Name == "loss_mask").Sum().Item(), 0.01f, 10);
        }

        detector.Evaluate();
        ImageDetections found = detector.Detect(Noise(1, 64, 96), [image])[0];
        Assert.Equal(found.Count, found.Masks!.Length);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_text_of_a_configuration_makes_the_same_network(string kind)
    {
        DetectorConfig config = Made(kind).Config;
        string text = DetectorConfig.Json.Write(config);
        Assert.Equal(text, DetectorConfig.Json.Write(DetectorConfig.Json.Read(text)));
    }

    // A checkpoint may be older than a key.
    [Theory]
    [InlineData("retina", "\"GAMMA\":2,")]
    [InlineData("retina", "\"FROZEN_STAGES\":-1,")]
    [InlineData("retina", "\"MATCHES_LOW_QUALITY\":true,")]
    [InlineData("mask", "\"IS_ALIGNED\":true,")]
    [InlineData("cascade", "\"NEGATIVES_PER_POSITIVE\":-1,")]
    public void A_key_that_is_left_out_has_its_default(string kind, string part)
    {
        string text = DetectorConfig.Json.Write(Made(kind).Config), older = text.Replace(part, "", StringComparison.Ordinal);
        Assert.NotEqual(text, older);
        Assert.Equal(text, DetectorConfig.Json.Write(DetectorConfig.Json.Read(older)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_key_is_wanted_only_where_its_property_is_required(string kind)
    {
        string text = DetectorConfig.Json.Write(Made(kind).Config);
        IEnumerable<string> required = typeof(DetectorConfig).Assembly.GetTypes().Append(typeof(FpnConfig)).SelectMany(type => type.GetProperties())
            .Where(property => property.IsDefined(typeof(RequiredMemberAttribute), inherit: false)).Select(property => JsonNamingPolicy.SnakeCaseUpper.ConvertName(property.Name));
        // A backbone is a name and its configuration, a coder a pair of tuples.
        string[] pairs = ["FAMILY", "CONFIG", "DEVIATION", "MEAN", "ITEM1", "ITEM2", "ITEM3", "ITEM4"];
        string[] wanted = [.. Keys(JsonNode.Parse(text)!).Where(place => !CanBeRead(Without(text, place))).Select(place => place[^1]).Distinct()];
        Assert.NotEmpty(wanted);
        Assert.Empty(wanted.Except(required).Except(pairs));
    }

    private static bool CanBeRead(string json)
    {
        try
        {
            DetectorConfig.Json.Read(json);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // Every key, with those that lead to it; of a list the first entry.
    private static IEnumerable<string[]> Keys(JsonNode node) => node switch
    {
        JsonObject keys => keys.SelectMany(entry => Keys(entry.Value!).Select(inner => (string[])[entry.Key, .. inner]).Prepend([entry.Key])),
        JsonArray { Count: > 0 } list when list[0] is JsonObject first => Keys(first),
        _ => [],
    };

    private static string Without(string json, string[] place)
    {
        JsonNode root = JsonNode.Parse(json)!, node = root;
        foreach (string key in place[..^1])
            node = Inner(node[key]!);
        node.AsObject().Remove(place[^1]);
        return root.ToJsonString();
    }

    private static JsonNode Inner(JsonNode node) => node is JsonArray list ? list[0]! : node;

    [Theory]
    [InlineData("mask")]
    [InlineData("cascade")]
    public void Optimised_for_inference_a_detector_computes_the_same_and_on_any_number_of_threads_the_same_bits(string kind)
    {
        var detector = (RegionDetector)Made(kind);
        detector.Evaluate();
        using GradMode mode = GradMode.Disable();
        float[][] before = Outputs(detector);
        detector.OptimizeForInference();
        float[][] after = Outputs(detector);
        Assert.All(before.Zip(after), pair =>
        {
            float largest = pair.First.Max(MathF.Abs);
            Assert.All(pair.First.Zip(pair.Second), values => Assert.InRange(values.Second, values.First - (1e-4f * largest), values.First + (1e-4f * largest)));
        });

        int threads = Workers.ThreadCount;
        try
        {
            Workers.ThreadCount = threads == 1 ? 3 : 1;
            Assert.Equal(after, Outputs(detector));
        }
        finally
        {
            Workers.ThreadCount = threads;
        }
    }

    [Fact]
    public void Every_registered_detector_can_be_made()
    {
        using IDisposable meta = new MetaDevice().Use();
        Assert.All(DetectorRegistry.All, entry => Assert.True(entry.Config.Create().ParameterCount > 0));
    }

    private static ImageObjects Nothing => new([], [], new BitmapMasks(61, 77, []));

    private static Tensor Noise(int batch, int height, int width)
    {
        float[] values = new float[batch * height * width * 3];
        new Philox(9, 0).FillNormal(values, 0);
        return Tensor.From(values, [batch, height, width, 3]);
    }

    // Maps, proposals' scores, and what the heads give for some regions.
    private static float[][] Outputs(RegionDetector detector)
    {
        Tensor images = Tensor.Empty([1, 64, 96, 3]);
        images.FillNormal(new Philox(2, 2), 1);
        (int, Box)[] regions = [.. Enumerable.Range(0, 40).Select(i => (0, new Box(i, i / 2, (2 * i) + 9, i + 12)))];
        Tensor[] maps = detector.ForwardMaps(images);
        LevelOutputs[] levels = detector.Proposer.ForwardMaps(maps);
        (Tensor scores, Tensor deltas) = detector.Regions.ForwardBoxes(maps, regions);
        return [.. maps.Select(map => map.ToArray()), .. levels.Select(level => level.Scores.ToArray()), scores.ToArray(), deltas.ToArray(), detector.Regions.ForwardMasks(maps, regions).ToArray()];
    }

    private static Detector Made(string kind, bool isReduced = false)
    {
        DetectorConfig config = kind switch
        {
            "retina" => DetectorParts.Retina(s_network, classes: 3),
            "mask" => DetectorParts.MaskRcnn(s_network, classes: 3),
            _ => DetectorParts.Cascade(s_network, classes: 3),
        };
        Detector detector = (isReduced && config.Regions is not null ? DetectorParts.Reduced(config, channels: 16, proposals: 40, regions: 24) : config).Create();
        detector.Initialize(1);
        return detector;
    }
}
