namespace PolaFormer.NN.Attention;

/// <summary>How many tokens a host shows a mechanism, where the network as published shows softmax attention fewer than others.</summary>
public enum AttentionReach
{
    /// <summary>All that the host has.</summary>
    Whole,

    /// <summary>Those of quadratic cost as published: keys of PVT's spatial reduction, CSWin's narrow stripes.</summary>
    Reduced,

    /// <summary>A window: Swin cuts small ones.</summary>
    Window,
}
