using System.Text.Json;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Configuration;
using PolaFormer.Detection.Heads;
using PolaFormer.Models.Necks;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Detection.Tests;

/// <summary>What mmdetection's dictionaries may say beside what the published configurations do.</summary>
public class MmdetModelTests
{
    private const string RetinaHeadText = """
        {"type": "RetinaHead", "num_classes": 2, "in_channels": 3, "stacked_convs": 0, "feat_channels": 3, "reg_decoded_bbox": true,
         "anchor_generator": {"type": "AnchorGenerator", "scales": [2], "ratios": [1.0], "strides": [7]},
         "bbox_coder": {"type": "DeltaXYWHBBoxCoder", "target_stds": [0.5, 0.5, 1.0, 1.0]},
         "loss_cls": {"type": "FocalLoss", "use_sigmoid": true, "gamma": 2.0, "alpha": 0.25},
         "loss_bbox": {"type": "GIoULoss", "loss_weight": 3.0},
         "train_cfg": {"assigner": {"type": "MaxIoUAssigner", "pos_iou_thr": 0.5, "neg_iou_thr": 0.4}, "sampler": {"type": "PseudoSampler"}, "allowed_border": -1},
         "test_cfg": {"nms_pre": 10, "score_thr": 0.05, "nms": {"type": "nms", "iou_threshold": 0.5}, "max_per_img": 5}}
        """;

    // Two places of stride 7, anchors of side 14 around (0, 0) and (7, 0).
    private static readonly ImageInfo s_image = new() { Height = 7, Width = 14, PaddedHeight = 7, PaddedWidth = 14, OriginalHeight = 7, OriginalWidth = 14 };

    [Fact]
    public void A_dense_head_may_compare_decoded_boxes()
    {
        var head = new RetinaHead(MmdetModel.ReadRetina(Parsed(RetinaHeadText)));
        var deltas = new float[] { 0.2f, 0, 0, 0, 0, 0, 0, 0 };
        LevelOutputs[] levels = [new LevelOutputs(Tensor.Zeros([1, 1, 2, 2]), Tensor.From(deltas, [1, 1, 2, 4]))];
        Box wanted = new(-7, -7, 7, 5);
        DenseTargets[] targets = head.Targets(levels, [s_image], [new ImageObjects([wanted], [1])], Identity);
        Assert.Equal([0], targets[0].Positive);
        Assert.Equal(wanted, targets[0].Boxes[0]);

        // The anchor moved right by 0.2·0.5·14 pixels.
        Box decoded = new(-5.6f, -7, 8.4f, 7);
        float expected = 3 * (1 - Tensor.From([decoded.X1, decoded.Y1, decoded.X2, decoded.Y2], [1, 4]).PairedBoxOverlaps(Box.ToTensor([wanted]), OverlapMode.Generalized).Item());
        Assert.Equal(expected, head.Losses(levels, targets, "cls", "box").Boxes.Sum().Item(), 1e-5);
    }

    [Fact]
    public void Without_objects_the_loss_of_decoded_boxes_is_zero_and_has_a_gradient()
    {
        var head = new RetinaHead(MmdetModel.ReadRetina(Parsed(RetinaHeadText)));
        Tensor deltas = Tensor.Full([1, 1, 2, 4], 0.3f);
        deltas.RequiresGrad = true;
        LevelOutputs[] levels = [new LevelOutputs(Tensor.Zeros([1, 1, 2, 2]), deltas)];
        using var tape = Tape.Start();
        Tensor loss = head.Losses(levels, head.Targets(levels, [s_image], [new ImageObjects([], [])], Identity), "cls", "box").Boxes.Sum();
        Assert.Equal(0, loss.Item());
        tape.Backward(loss);
        Assert.All(deltas.Grad!.ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Anchors_may_stand_in_the_middle_of_their_places()
    {
        AnchorGenerator anchors = MmdetModel.ReadAnchors(Parsed("""{"octave_base_scale": 3.5, "scales_per_octave": 1, "ratios": [4.0], "strides": [6], "center_offset": 0.5}"""));
        Box anchor = Assert.Single(anchors.Shapes(0));
        Assert.Equal((3f, 3f), ((anchor.X1 + anchor.X2) / 2, (anchor.Y1 + anchor.Y2) / 2));
        Assert.Equal((10.5f, 42f), (anchor.Width, anchor.Height));
    }

    [Fact]
    public void A_pyramid_may_leave_out_the_last_maps()
    {
        var pyramid = new Fpn(MmdetModel.ReadNeck(Parsed("""{"in_channels": [2, 3, 4, 5], "out_channels": 6, "num_outs": 2, "start_level": 1, "end_level": 2}""")));
        pyramid.Initialize(1);
        Tensor[] maps = [Noise(9, 13, 2), Noise(5, 7, 3), Noise(3, 4, 4), Noise(2, 2, 5)];
        Tensor[] outputs = pyramid.ForwardMaps(maps);
        Assert.Equal([new Shape(1, 5, 7, 6), new Shape(1, 3, 4, 6)], outputs.Select(output => output.Shape));
        float[] first = outputs[0].ToArray();
        (maps[0], maps[3]) = (Tensor.Zeros(maps[0].Shape), Tensor.Zeros(maps[3].Shape));
        Assert.Equal(first, pyramid.ForwardMaps(maps)[0].ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Regions_are_read_with_the_given_samples_aligned_or_not(bool isAligned)
    {
        RegionPooling pooling = MmdetModel.ReadPooling(Parsed($$"""
            {"roi_layer": {"type": "RoIAlign", "output_size": 3, "sampling_ratio": 2, "aligned": {{(isAligned ? "true" : "false")}}}, "featmap_strides": [5, 10], "finest_scale": 20}
            """));
        Tensor[] maps = [Noise(11, 9, 2), Noise(6, 5, 2)];
        var reader = new RegionReader(pooling);

        // The first is smaller than a pixel of its map, the second large enough for the coarser one.
        Box small = new(3, 4, 5, 7), large = new(0, 1, 44, 48);
        Assert.Equal((0, 1), (reader.LevelOf(small), reader.LevelOf(large)));
        float[] read = reader.Read(maps, [(0, large), (0, small)]).ToArray();
        float[] expected =
        [
            .. maps[1].RoiAlign(Tensor.From([0, large.X1, large.Y1, large.X2, large.Y2], [1, 5]), new RoiAlignRule(3, 3, 0.1f, 2, isAligned)).ToArray(),
            .. maps[0].RoiAlign(Tensor.From([0, small.X1, small.Y1, small.X2, small.Y2], [1, 5]), new RoiAlignRule(3, 3, 0.2f, 2, isAligned)).ToArray(),
        ];
        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData("loss_bbox", """{"type": "IoULoss"}""")]
    [InlineData("test_cfg", """{"nms_pre": 10, "nms": {"type": "soft_nms", "iou_threshold": 0.5}, "max_per_img": 5}""")]
    [InlineData("test_cfg", """{"nms_pre": 10, "nms": {"type": "nms", "iou_threshold": 0.5, "class_agnostic": true}, "max_per_img": 5}""")]
    [InlineData("train_cfg", """{"assigner": {"pos_iou_thr": 0.5, "neg_iou_thr": 0.4}, "sampler": {"type": "OHEMSampler", "num": 4, "pos_fraction": 0.5}}""")]
    public void What_is_not_there_is_refused(string key, string value)
    {
        Dictionary<string, JsonElement> head = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(RetinaHeadText)!;
        head[key] = Parsed(value);
        Assert.Throws<FormatException>(() => MmdetModel.ReadRetina(JsonSerializer.SerializeToElement(head)));
    }

    private static JsonElement Parsed(string text) => JsonDocument.Parse(text).RootElement;

    private static int[] Identity(int count) => [.. Enumerable.Range(0, count)];

    private static Tensor Noise(int height, int width, int channels)
    {
        float[] values = new float[height * width * channels];
        new Philox(7, (ulong)channels).FillNormal(values, 0);
        return Tensor.From(values, [1, height, width, channels]);
    }
}
