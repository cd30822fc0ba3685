namespace PolaFormer.Conformance;

/// <summary>How the authors' code lays a feature map out.</summary>
internal enum LayoutKind
{
    /// <summary>As here.</summary>
    Same,

    /// <summary>(B, C, H, W), or (B, C, N) for sequences.</summary>
    ChannelsFirst,

    /// <summary>(B, H·W, C).</summary>
    Tokens,
}
