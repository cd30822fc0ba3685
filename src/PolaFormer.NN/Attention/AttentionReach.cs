namespace PolaFormer.NN.Attention;

/// <summary>How many tokens a host gives to a mechanism, where the network as published gives fewer to softmax attention than to others.</summary>
public enum AttentionReach
{
    /// <summary>All that the host has.</summary>
    Whole,

    /// <summary>Those of quadratic cost as published: keys of PVT's spatial reduction, CSWin's narrow stripes.</summary>
    Reduced,

    /// <summary>A window: Swin cuts small ones.</summary>
    Window,
}
