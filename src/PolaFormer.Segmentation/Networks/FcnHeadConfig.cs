namespace PolaFormer.Segmentation.Networks;

/// <summary>What tells one FCN head from another.</summary>
public sealed record FcnHeadConfig : DecodeHeadConfig
{
    /// <summary>Convolutions before the classifier.</summary>
    public int NumConvs { get; init; } = 2;

    /// <summary>Side of their kernels, odd.</summary>
    public int KernelSize { get; init; } = 3;

    /// <summary>Whether the input joins their result through one more convolution.</summary>
    public bool ConcatInput { get; init; } = true;

    /// <summary>Pixels between the taps of their kernels.</summary>
    public int Dilation { get; init; } = 1;

    /// <inheritdoc/>
    public override FcnHead Create() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(InChannels.Count == 1, "An FCN head reads one map.");
        Require(NumConvs is >= 0 and <= 64, $"NumConvs is {NumConvs}, and must lie in [0, 64].");
        Require(KernelSize is >= 1 and <= 63 && KernelSize % 2 == 1, $"KernelSize is {KernelSize}, and must be odd and at most 63.");
        Require(Dilation is >= 1 and <= 256, $"Dilation is {Dilation}, and must lie in [1, 256].");
        Require(NumConvs > 0 || InChannels[0] == Channels, $"Without convolutions the head has the {InChannels[0]} channels of its map, not {Channels}.");
    }
}
