using PolaFormer.Detection.Boxes;

namespace PolaFormer.Detection.Configuration;

/// <summary>What a region proposal network is made from.</summary>
public sealed record RpnConfig
{
    /// <summary>Channels of the maps.</summary>
    public required int InChannels { get; init; }

    /// <summary>Channels inside.</summary>
    public required int FeatureChannels { get; init; }

    /// <summary>The anchors.</summary>
    public required AnchorGenerator Anchors { get; init; }

    /// <summary>How boxes are regressed.</summary>
    public BoxCoder Coder { get; init; } = BoxCoder.Plain;

    /// <summary>Factor of the loss of classes.</summary>
    public float ClassWeight { get; init; } = 1;

    /// <summary>Whether the loss is of decoded boxes; else of deltas.</summary>
    public bool ComparesDecoded { get; init; }

    /// <summary>The loss of boxes.</summary>
    public BoxLoss BoxLoss { get; init; } = new();

    /// <summary>How it is trained; null where it is not.</summary>
    public DenseTraining? Training { get; init; }

    /// <summary>Proposals in training; null for those of <see cref="Proposals"/>.</summary>
    public ProposalRule? TrainingProposals { get; init; }

    /// <summary>Proposals when detecting.</summary>
    public required ProposalRule Proposals { get; init; }
}
