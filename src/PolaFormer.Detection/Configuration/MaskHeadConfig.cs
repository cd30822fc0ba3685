namespace PolaFormer.Detection.Configuration;

/// <summary>What the head that draws masks is made from.</summary>
public sealed record MaskHeadConfig
{
    /// <summary>Classes.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Channels of the maps.</summary>
    public required int InChannels { get; init; }

    /// <summary>3×3 convolutions.</summary>
    public int Convolutions { get; init; } = 4;

    /// <summary>Channels inside.</summary>
    public required int Channels { get; init; }

    /// <summary>Whether a mask is drawn alike for all classes.</summary>
    public bool IsClassAgnostic { get; init; }

    /// <summary>Factor of the loss.</summary>
    public float Weight { get; init; } = 1;
}
