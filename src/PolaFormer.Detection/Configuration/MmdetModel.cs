using System.Text.Json;
using PolaFormer.Detection.Boxes;
using PolaFormer.Models.Necks;

namespace PolaFormer.Detection.Configuration;

/// <summary>Reads the dictionaries that mmdetection builds its networks from, written as JSON. What it does not know it refuses.</summary>
public static class MmdetModel
{
    /// <summary>A whole detector: <c>model</c> of a configuration file.</summary>
    /// <exception cref="FormatException">A key is missing, or something is of a type that this library does not have.</exception>
    public static DetectorConfig Read(JsonElement model)
    {
        string type = Text(model, "type");
        var config = new DetectorConfig { Backbone = MmdetBackbone.Read(model.GetProperty("backbone")), Neck = ReadNeck(model.GetProperty("neck")) };
        JsonElement? train = Find(model, "train_cfg"), test = Find(model, "test_cfg");
        return type switch
        {
            "RetinaNet" => config with { Retina = ReadRetina(model.GetProperty("bbox_head"), train, test) },
            "MaskRCNN" or "FasterRCNN" or "CascadeRCNN" => config with
            {
                Rpn = ReadRpn(model.GetProperty("rpn_head"), Find(train, "rpn"), Find(train, "rpn_proposal"), Find(test, "rpn")),
                Regions = ReadRegions(model.GetProperty("roi_head"), Find(train, "rcnn"), Find(test, "rcnn")),
            },
            _ => throw new FormatException($"There is no detector {type}."),
        };
    }

    /// <summary>A feature pyramid: <c>FPN</c>.</summary>
    public static FpnConfig ReadNeck(JsonElement neck)
    {
        JsonElement? extra = Find(neck, "add_extra_convs");
        return new FpnConfig
        {
            InChannels = Integers(neck.GetProperty("in_channels")),
            OutChannels = neck.GetProperty("out_channels").GetInt32(),
            Outputs = neck.GetProperty("num_outs").GetInt32(),
            StartLevel = Integer(neck, "start_level", 0),
            EndLevel = Integer(neck, "end_level", -1) is var end and >= 0 ? end + 1 : null,
            ReluBeforeExtra = Flag(neck, "relu_before_extra_convs", false),
            Extra = extra switch
            {
                null or { ValueKind: JsonValueKind.False } => ExtraLevels.Pooled,
                { ValueKind: JsonValueKind.True } => ExtraLevels.OnInput,
                { } text => text.GetString() switch
                {
                    "on_input" => ExtraLevels.OnInput,
                    "on_lateral" => ExtraLevels.OnLateral,
                    "on_output" => ExtraLevels.OnOutput,
                    string other => throw new FormatException($"There are no extra levels '{other}'."),
                    null => ExtraLevels.Pooled,
                },
            },
        };
    }

    /// <summary>The head of a RetinaNet; train_cfg and test_cfg may stand in it.</summary>
    public static RetinaConfig ReadRetina(JsonElement head, JsonElement? train = null, JsonElement? test = null)
    {
        JsonElement loss = head.GetProperty("loss_cls");
        return new RetinaConfig
        {
            NumClasses = head.GetProperty("num_classes").GetInt32(),
            InChannels = head.GetProperty("in_channels").GetInt32(),
            StackedConvolutions = Integer(head, "stacked_convs", 4),
            FeatureChannels = Integer(head, "feat_channels", 256),
            Anchors = ReadAnchors(head.GetProperty("anchor_generator")),
            Coder = ReadCoder(head.GetProperty("bbox_coder")),
            Gamma = Number(loss, "gamma", 2),
            Alpha = Number(loss, "alpha", 0.25f),
            ClassWeight = Number(loss, "loss_weight", 1),
            ComparesDecoded = Flag(head, "reg_decoded_bbox", false),
            BoxLoss = ReadBoxLoss(head.GetProperty("loss_bbox")),
            Training = ReadTraining(Find(head, "train_cfg") ?? train),
            Detections = ReadRule((Find(head, "test_cfg") ?? test)!.Value),
        };
    }

    /// <summary>A region proposal network; train_cfg and test_cfg may stand in it.</summary>
    public static RpnConfig ReadRpn(JsonElement head, JsonElement? train = null, JsonElement? proposals = null, JsonElement? test = null) => new()
    {
        InChannels = head.GetProperty("in_channels").GetInt32(),
        FeatureChannels = Integer(head, "feat_channels", 256),
        Anchors = ReadAnchors(head.GetProperty("anchor_generator")),
        Coder = ReadCoder(head.GetProperty("bbox_coder")),
        ClassWeight = Number(head.GetProperty("loss_cls"), "loss_weight", 1),
        ComparesDecoded = Flag(head, "reg_decoded_bbox", false),
        BoxLoss = ReadBoxLoss(head.GetProperty("loss_bbox")),
        Training = ReadTraining(Find(head, "train_cfg") ?? train),
        TrainingProposals = proposals is { } rule ? ReadRule(rule) : null,
        Proposals = ReadRule((Find(head, "test_cfg") ?? test)!.Value),
    };

    /// <summary>A region head of one stage or a cascade; train_cfg and test_cfg may stand in it.</summary>
    public static RegionHeadConfig ReadRegions(JsonElement head, JsonElement? train = null, JsonElement? test = null)
    {
        JsonElement rule = (Find(head, "test_cfg") ?? test)!.Value, boxHead = head.GetProperty("bbox_head");
        bool isCascade = Text(head, "type") == "CascadeRoIHead";
        BoxHeadConfig[] heads = boxHead.ValueKind == JsonValueKind.Array
            ? [.. boxHead.EnumerateArray().Select(ReadBoxHead)]
            : [.. Enumerable.Repeat(ReadBoxHead(boxHead), isCascade ? Integer(head, "num_stages", 1) : 1)];
        return new RegionHeadConfig
        {
            BoxHeads = heads,
            IsCascade = isCascade,
            StageWeights = Find(head, "stage_loss_weights") is { } weights ? Numbers(weights) : [1],
            BoxPooling = ReadPooling(First(head.GetProperty("bbox_roi_extractor"))),
            MaskPooling = Find(head, "mask_roi_extractor") is { } pooling ? ReadPooling(First(pooling)) : null,
            MaskHead = Find(head, "mask_head") is { } mask ? ReadMaskHead(First(mask)) : null,
            Training = (Find(head, "train_cfg") ?? train) switch
            {
                null => null,
                { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(ReadRegionTraining)],
                { } one => [ReadRegionTraining(one)],
            },
            ScoreBound = rule.GetProperty("score_thr").GetSingle(),
            OverlapBound = ReadOverlapBound(rule),
            MaxPerImage = rule.GetProperty("max_per_img").GetInt32(),
            MaskBound = Number(rule, "mask_thr_binary", 0.5f),
        };
    }

    /// <summary>The shapes and places of anchors.</summary>
    public static AnchorGenerator ReadAnchors(JsonElement anchors) => new()
    {
        Strides = Integers(anchors.GetProperty("strides")),
        Ratios = Numbers(anchors.GetProperty("ratios")),
        Scales = Find(anchors, "scales") is { } scales
            ? Numbers(scales)
            : AnchorGenerator.OctaveScales(anchors.GetProperty("octave_base_scale").GetDouble(), anchors.GetProperty("scales_per_octave").GetInt32()),
        CentreOffset = Number(anchors, "center_offset", 0),
    };

    /// <summary>How boxes are regressed.</summary>
    public static BoxCoder ReadCoder(JsonElement coder)
    {
        float[] means = Find(coder, "target_means") is { } given ? Numbers(given) : [0, 0, 0, 0], deviations = Find(coder, "target_stds") is { } list ? Numbers(list) : [1, 1, 1, 1];
        return new BoxCoder((deviations[0], deviations[1], deviations[2], deviations[3]), (means[0], means[1], means[2], means[3]));
    }

    /// <summary>What boxes stand for.</summary>
    public static MaxIoUAssigner ReadAssigner(JsonElement assigner)
    {
        JsonElement negative = assigner.GetProperty("neg_iou_thr");
        float[] range = negative.ValueKind == JsonValueKind.Array ? Numbers(negative) : [0, negative.GetSingle()];
        return new MaxIoUAssigner
        {
            PositiveOverlap = assigner.GetProperty("pos_iou_thr").GetSingle(),
            NegativeFrom = range[0],
            NegativeOverlap = range[1],
            MinimalPositiveOverlap = Number(assigner, "min_pos_iou", 0),
            MatchesLowQuality = Flag(assigner, "match_low_quality", true),
            ClaimsAll = Flag(assigner, "gt_max_assign_all", true),
            IgnoredPart = Number(assigner, "ignore_iof_thr", -1),
            IgnoresByBox = Flag(assigner, "ignore_wrt_candidates", true),
        };
    }

    /// <summary>Which boxes are chosen.</summary>
    public static RandomSampler ReadSampler(JsonElement sampler)
    {
        if (Find(sampler, "type")?.GetString() is { } type and not "RandomSampler")
            throw new FormatException($"There is no sampler {type}.");
        return new RandomSampler
        {
            Count = sampler.GetProperty("num").GetInt32(),
            PositivePart = sampler.GetProperty("pos_fraction").GetSingle(),
            NegativesPerPositive = Number(sampler, "neg_pos_ub", -1),
            AddsObjects = Flag(sampler, "add_gt_as_proposals", true),
        };
    }

    /// <summary>How boxes are compared.</summary>
    public static BoxLoss ReadBoxLoss(JsonElement loss) => Text(loss, "type") switch
    {
        "L1Loss" => new BoxLoss { Weight = Number(loss, "loss_weight", 1) },
        "SmoothL1Loss" => new BoxLoss { Beta = Number(loss, "beta", 1), Weight = Number(loss, "loss_weight", 1) },
        "GIoULoss" => new BoxLoss { IsGeneralizedOverlap = true, Weight = Number(loss, "loss_weight", 1) },
        string type => throw new FormatException($"There is no loss of boxes {type}."),
    };

    /// <summary>How regions are read off maps.</summary>
    public static RegionPooling ReadPooling(JsonElement extractor)
    {
        JsonElement layer = extractor.GetProperty("roi_layer");
        if (Text(layer, "type") != "RoIAlign" || Find(layer, "pool_mode")?.GetString() is not (null or "avg"))
            throw new FormatException($"Regions are read by RoIAlign's mean, not by {layer.GetRawText()}.");
        return new RegionPooling
        {
            Size = layer.GetProperty("output_size").GetInt32(),
            SamplingRatio = Integer(layer, "sampling_ratio", 0),
            IsAligned = Flag(layer, "aligned", true),
            Strides = Integers(extractor.GetProperty("featmap_strides")),
            FinestScale = Integer(extractor, "finest_scale", 56),
        };
    }

    // A cascade may have one description, or one for each stage.
    private static JsonElement First(JsonElement oneOrMore) => oneOrMore.ValueKind == JsonValueKind.Array ? oneOrMore[0] : oneOrMore;

    internal static JsonElement? Find(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal static string Text(JsonElement element, string name) => Find(element, name)?.GetString() ?? throw new FormatException($"The configuration has no key '{name}'.");

    internal static int Integer(JsonElement element, string name, int fallback) => Find(element, name)?.GetInt32() ?? fallback;

    internal static float Number(JsonElement element, string name, float fallback) => Find(element, name)?.GetSingle() ?? fallback;

    internal static bool Flag(JsonElement element, string name, bool fallback) => Find(element, name)?.GetBoolean() ?? fallback;

    internal static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    internal static float[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetSingle())];

    private static DenseTraining? ReadTraining(JsonElement? training) => training is not { } given ? null : new DenseTraining
    {
        Assigner = ReadAssigner(given.GetProperty("assigner")),
        Sampler = Find(given, "sampler") is { } sampler && Find(sampler, "type")?.GetString() != "PseudoSampler" ? ReadSampler(sampler) : null,
        AllowedBorder = Integer(given, "allowed_border", -1),
    };

    private static float ReadOverlapBound(JsonElement rule)
    {
        JsonElement suppression = rule.GetProperty("nms");
        if (Find(suppression, "type")?.GetString() is not (null or "nms") || Flag(suppression, "class_agnostic", false))
            throw new FormatException($"Boxes that overlap are left out by plain suppression, class by class, not by {suppression.GetRawText()}.");
        return suppression.GetProperty("iou_threshold").GetSingle();
    }

    private static ProposalRule ReadRule(JsonElement rule) => new()
    {
        BestOfLevel = rule.GetProperty("nms_pre").GetInt32(),
        OverlapBound = ReadOverlapBound(rule),
        MaxPerImage = rule.GetProperty("max_per_img").GetInt32(),
        MinSize = Number(rule, "min_bbox_size", -1),
        ScoreBound = Number(rule, "score_thr", 0),
    };

    private static RegionTraining ReadRegionTraining(JsonElement training) => new()
    {
        Assigner = ReadAssigner(training.GetProperty("assigner")),
        Sampler = ReadSampler(training.GetProperty("sampler")),
        MaskSize = Integer(training, "mask_size", 28),
    };

    private static BoxHeadConfig ReadBoxHead(JsonElement head)
    {
        string type = Text(head, "type");
        (int convolutions, int layers) = type switch
        {
            "Shared2FCBBoxHead" => (0, 2),
            "Shared4Conv1FCBBoxHead" => (4, 1),
            "ConvFCBBoxHead" => (Integer(head, "num_shared_convs", 0), Integer(head, "num_shared_fcs", 0)),
            _ => throw new FormatException($"There is no box head {type}."),
        };
        return new BoxHeadConfig
        {
            NumClasses = head.GetProperty("num_classes").GetInt32(),
            InChannels = head.GetProperty("in_channels").GetInt32(),
            RegionSize = Integer(head, "roi_feat_size", 7),
            Convolutions = convolutions,
            ConvolutionChannels = Integer(head, "conv_out_channels", 256),
            LinearLayers = layers,
            LinearWidth = Integer(head, "fc_out_channels", 1024),
            HasNorm = Find(head, "norm_cfg") is not null,
            IsClassAgnostic = Flag(head, "reg_class_agnostic", false),
            ComparesDecoded = Flag(head, "reg_decoded_bbox", false),
            Coder = ReadCoder(head.GetProperty("bbox_coder")),
            ClassWeight = Number(head.GetProperty("loss_cls"), "loss_weight", 1),
            BoxLoss = ReadBoxLoss(head.GetProperty("loss_bbox")),
        };
    }

    private static MaskHeadConfig ReadMaskHead(JsonElement head) => new()
    {
        NumClasses = head.GetProperty("num_classes").GetInt32(),
        InChannels = head.GetProperty("in_channels").GetInt32(),
        Convolutions = Integer(head, "num_convs", 4),
        Channels = Integer(head, "conv_out_channels", 256),
        IsClassAgnostic = Flag(head, "class_agnostic", false),
        Weight = Number(head.GetProperty("loss_mask"), "loss_weight", 1),
    };
}
