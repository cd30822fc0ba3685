using System.Text.Json.Serialization;
using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Configuration;

/// <summary>What the head that classifies and moves regions is made from.</summary>
public sealed record BoxHeadConfig
{
    /// <summary>Classes without background.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Channels of the maps.</summary>
    public required int InChannels { get; init; }

    /// <summary>Side of the pooled regions.</summary>
    public int RegionSize { get; init; } = 7;

    /// <summary>3×3 convolutions before the linear layers.</summary>
    public int Convolutions { get; init; }

    /// <summary>Their channels.</summary>
    public int ConvolutionChannels { get; init; } = 256;

    /// <summary>Whether they have batch norms.</summary>
    public bool HasNorm { get; init; }

    /// <summary>Linear layers.</summary>
    public int LinearLayers { get; init; } = 2;

    /// <summary>Their width.</summary>
    public int LinearWidth { get; init; } = 1024;

    /// <summary>Whether boxes are moved alike for all classes.</summary>
    public bool IsClassAgnostic { get; init; }

    /// <summary>Deltas of a region.</summary>
    [JsonIgnore]
    public int Moves => IsClassAgnostic ? 4 : 4 * NumClasses;

    /// <summary>Whether the loss is of decoded boxes; else of deltas.</summary>
    public bool ComparesDecoded { get; init; }

    /// <summary>How boxes are regressed.</summary>
    public required BoxCoder Coder { get; init; }

    /// <summary>Factor of the loss of classes.</summary>
    public float ClassWeight { get; init; } = 1;

    /// <summary>The loss of boxes.</summary>
    public BoxLoss BoxLoss { get; init; } = new();
}
