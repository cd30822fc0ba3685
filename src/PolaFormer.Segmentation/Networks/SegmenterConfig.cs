using PolaFormer.Models;
using PolaFormer.Models.Necks;

namespace PolaFormer.Segmentation.Networks;

/// <summary>A segmentation network: backbone, neck and heads.</summary>
public sealed record SegmenterConfig
{
    /// <summary>Configurations as text.</summary>
    public static DenseConfigJson<SegmenterConfig> Json { get; } = new(
        SegmenterConfigContext.Default,
        JsonDefaults.Example<SegmenterConfig>(),
        JsonDefaults.Example<FpnConfig>(),
        JsonDefaults.Example<SemanticFpnHeadConfig>(),
        JsonDefaults.Example<UperHeadConfig>(),
        JsonDefaults.Example<FcnHeadConfig>(),
        JsonDefaults.Example<LightHamHeadConfig>(),
        JsonDefaults.Example<FactorizationOptions>());

    /// <summary>The backbone's network, as dense prediction has it.</summary>
    public required VisionModelConfig Backbone { get; init; }

    /// <summary>Numbers of the stages whose maps are used, from 0; null for all.</summary>
    public IReadOnlyList<int>? OutIndices { get; init; }

    /// <summary>Whether the backbone's batch norms keep their statistics in training (norm_eval).</summary>
    public bool KeepsStatistics { get; init; }

    /// <summary>The neck; null for none.</summary>
    public FpnConfig? Neck { get; init; }

    /// <summary>The head whose logits are the result.</summary>
    public required DecodeHeadConfig Head { get; init; }

    /// <summary>A head that helps in training; null for none.</summary>
    public DecodeHeadConfig? AuxiliaryHead { get; init; }

    /// <summary>Makes the network with undefined weights.</summary>
    /// <exception cref="ArgumentException">No network can be like that; the message names the entry.</exception>
    public Segmenter Create() => new(this);

    /// <summary>The same network for another number of classes.</summary>
    public SegmenterConfig WithClasses(int numClasses) => this with
    {
        Head = Head with { NumClasses = numClasses },
        AuxiliaryHead = AuxiliaryHead is null ? null : AuxiliaryHead with { NumClasses = numClasses },
    };

    /// <summary>The same network without what training leaves out by chance: channels before the classifiers, branches of the backbone.</summary>
    public SegmenterConfig WithoutDropout() => this with
    {
        Backbone = Backbone with { DropPathRate = 0 },
        Head = Head with { DropoutRatio = 0 },
        AuxiliaryHead = AuxiliaryHead is null ? null : AuxiliaryHead with { DropoutRatio = 0 },
    };
}
