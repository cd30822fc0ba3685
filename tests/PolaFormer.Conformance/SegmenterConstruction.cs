using System.Text.Json;
using PolaFormer.Detection.Configuration;
using PolaFormer.NN;
using PolaFormer.Segmentation.Networks;

namespace PolaFormer.Conformance;

/// <summary>Builds segmentation networks and their parts from mmsegmentation's configurations.</summary>
internal static class SegmenterConstruction
{
    /// <summary>An EncoderDecoder.</summary>
    public static SegmenterConfig Network(JsonElement construct)
    {
        var backbone = new Arguments(construct.GetProperty("backbone"));
        return new SegmenterConfig
        {
            Backbone = BackboneConstruction.ConfigOf(backbone),
            OutIndices = backbone.Has("out_indices") ? backbone.Integers("out_indices") : null,
            KeepsStatistics = backbone.Text("type", "") == "PolaPP",
            Neck = construct.Field("neck") is { } neck ? MmdetModel.ReadNeck(neck) : null,
            Head = Head(construct.GetProperty("decode_head")),
            AuxiliaryHead = construct.Field("auxiliary_head") is { } auxiliary ? Head(auxiliary) : null,
        };
    }

    /// <summary>A decode head.</summary>
    public static DecodeHeadConfig Head(JsonElement construct)
    {
        var arguments = new Arguments(construct);
        int[] channels = arguments.Integers("in_channels"), index = arguments.Integers("in_index", [.. Enumerable.Range(0, channels.Length)]);
        DecodeHeadConfig head = arguments.Text("type", "") switch
        {
            "FPNHead" => new SemanticFpnHeadConfig { InChannels = channels, InIndex = index, FeatureStrides = arguments.Integers("feature_strides") },
            "UPerHead" => new UperHeadConfig { InChannels = channels, InIndex = index, PoolScales = arguments.Integers("pool_scales", [1, 2, 3, 6]) },
            "FCNHead" => new FcnHeadConfig
            {
                InChannels = channels,
                InIndex = arguments.Has("in_index") ? index : [0],
                NumConvs = arguments.Integer("num_convs", 2),
                KernelSize = arguments.Integer("kernel_size", 3),
                ConcatInput = arguments.Flag("concat_input", true),
                Dilation = arguments.Integer("dilation", 1),
            },
            "LightHamHead" => new LightHamHeadConfig
            {
                InChannels = channels,
                InIndex = index,
                HamChannels = arguments.Integer("ham_channels", 512),
                Factorization = Factorization(construct.Field("ham_kwargs") ?? default),
            },
            string type => throw new CapabilityMissingException($"there is no counterpart of the head {type}"),
        };
        JsonElement loss = construct.Field("loss_decode") ?? default, norm = construct.Field("norm_cfg") ?? default;
        return head with
        {
            Channels = arguments.Integer("channels"),
            NumClasses = arguments.Integer("num_classes"),
            DropoutRatio = arguments.Number("dropout_ratio", 0.1f),
            AlignCorners = arguments.Flag("align_corners", false),
            Norm = norm.Text("type") switch { "BN" or "SyncBN" => NormKind.Batch, "GN" => NormKind.Group, _ => NormKind.None },
            NormGroups = new Arguments(norm).Integer("num_groups", 32),
            LossWeight = new Arguments(loss).Number("loss_weight", 1),
            ClassWeight = loss.Field("class_weight") is { } weights ? [.. weights.EnumerateArray().Select(weight => weight.GetSingle())] : null,
        };
    }

    /// <summary>An NMF2D.</summary>
    public static FactorizationOptions Factorization(JsonElement construct)
    {
        var arguments = new Arguments(construct);
        return new FactorizationOptions
        {
            Groups = arguments.Integer("MD_S", 1),
            Rank = arguments.Integer("MD_R", 64),
            TrainingSteps = arguments.Integer("TRAIN_STEPS", 6),
            EvaluationSteps = arguments.Integer("EVAL_STEPS", 7),
            IsSpatial = arguments.Flag("SPATIAL", true),
        };
    }

    /// <summary>Gives every factorisation the bases of the case.</summary>
    public static void GiveBases(FixtureCase fixture, Module module)
    {
        if (!fixture.Has("aux.bases_uniform") && fixture.Meta.Field("bases") is null && fixture.Meta.Text("call")?.Contains("bases", StringComparison.Ordinal) != true)
            return;
        foreach (NonnegativeFactorization factorization in module.Modules().OfType<NonnegativeFactorization>())
            factorization.Draws = fixture.Has("aux.bases_uniform") ? fixture.Floats("aux.bases_uniform") : FormulaValues.Unit(fixture.Salt + "bases", 1 << 20);
    }
}
