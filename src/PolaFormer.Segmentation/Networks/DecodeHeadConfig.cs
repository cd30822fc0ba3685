using System.Text.Json.Serialization;
using PolaFormer.NN;

namespace PolaFormer.Segmentation.Networks;

/// <summary>What the configurations of all heads have in common.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "TYPE")]
[JsonDerivedType(typeof(SemanticFpnHeadConfig), "semantic_fpn")]
[JsonDerivedType(typeof(UperHeadConfig), "uper")]
[JsonDerivedType(typeof(FcnHeadConfig), "fcn")]
[JsonDerivedType(typeof(LightHamHeadConfig), "light_ham")]
public abstract record DecodeHeadConfig
{
    /// <summary>Channels of the maps that the head reads.</summary>
    public required IReadOnlyList<int> InChannels { get; init; }

    /// <summary>Their numbers among the maps of the backbone or neck, from 0.</summary>
    public required IReadOnlyList<int> InIndex { get; init; }

    /// <summary>Channels before the classifier.</summary>
    public int Channels { get; init; } = 256;

    /// <summary>Width of the logits.</summary>
    public int NumClasses { get; init; } = 150;

    /// <summary>Chance that a channel is dropped before the classifier in training.</summary>
    public float DropoutRatio { get; init; } = 0.1f;

    /// <summary>The norm behind convolutions.</summary>
    public NormKind Norm { get; init; } = NormKind.Batch;

    /// <summary>Groups of a group norm.</summary>
    public int NormGroups { get; init; } = 32;

    /// <summary>Whether maps are resized with their corners in place.</summary>
    public bool AlignCorners { get; init; }

    /// <summary>Factor of the head's loss.</summary>
    public float LossWeight { get; init; } = 1;

    /// <summary>Factor of the loss of pixels of each class; null for 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<float>? ClassWeight { get; init; }

    /// <summary>Makes the head with undefined weights.</summary>
    /// <exception cref="ArgumentException">No head can be like that; the message names the entry.</exception>
    public abstract DecodeHead Create();

    /// <summary>Checks the numbers before memory is taken for them.</summary>
    /// <exception cref="ArgumentException">They are not sane; the message names the entry.</exception>
    public virtual void Validate()
    {
        Require(InChannels.Count is >= 1 and <= 8 && InChannels.Count == InIndex.Count, $"InChannels has {InChannels.Count} entries and InIndex {InIndex.Count}; give one each for 1 to 8 maps.");
        Require(InChannels.All(channels => channels is >= 1 and <= 65536), "InChannels must lie in [1, 65536].");
        Require(InIndex.All(index => index is >= 0 and < 16), "InIndex must lie in [0, 16).");
        Require(Channels is >= 1 and <= 65536, $"Channels is {Channels}, and must lie in [1, 65536].");
        Require(NumClasses is >= 1 and <= 65536, $"NumClasses is {NumClasses}, and must lie in [1, 65536].");
        Require(DropoutRatio is >= 0 and < 1, $"DropoutRatio is {DropoutRatio}, and must lie in [0, 1).");
        Require(ClassWeight is null || ClassWeight.Count == NumClasses, $"ClassWeight has {ClassWeight?.Count} entries for {NumClasses} classes.");
    }

    /// <exception cref="ArgumentException">It does not hold.</exception>
    protected static void Require(bool holds, string message)
    {
        if (!holds)
            throw new ArgumentException(message);
    }
}
