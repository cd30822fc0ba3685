using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Configuration;

/// <summary>What a RetinaNet head is made from.</summary>
public sealed record RetinaConfig
{
    /// <summary>Classes.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Channels of the maps.</summary>
    public required int InChannels { get; init; }

    /// <summary>Convolutions of each branch.</summary>
    public int StackedConvolutions { get; init; } = 4;

    /// <summary>Channels inside.</summary>
    public required int FeatureChannels { get; init; }

    /// <summary>The anchors.</summary>
    public required AnchorGenerator Anchors { get; init; }

    /// <summary>How boxes are regressed.</summary>
    public BoxCoder Coder { get; init; } = BoxCoder.Plain;

    /// <summary>Power of the focal loss.</summary>
    public float Gamma { get; init; } = 2;

    /// <summary>Weight of positives in the focal loss.</summary>
    public float Alpha { get; init; } = 0.25f;

    /// <summary>Factor of the loss of classes.</summary>
    public float ClassWeight { get; init; } = 1;

    /// <summary>Whether the loss is of decoded boxes; else of deltas.</summary>
    public bool ComparesDecoded { get; init; }

    /// <summary>The loss of boxes.</summary>
    public BoxLoss BoxLoss { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public DenseTraining? Training { get; init; }

    /// <summary>What is kept when detecting.</summary>
    public required ProposalRule Detections { get; init; }
}
