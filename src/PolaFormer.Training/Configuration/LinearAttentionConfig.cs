using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>MODEL.LA: linear attention.</summary>
public sealed class LinearAttentionConfig
{
    /// <summary>ALPHA: exponents of polarity attention lie in (1, 1 + ALPHA).</summary>
    [Range(0, 100)]
    public double Alpha { get; set; } = 4;

    /// <summary>FOCUSING_FACTOR: exponent of focused linear attention where MODEL.ATTENTION asks for it; PolaFormer++'s own is 3.</summary>
    [Range(0, 64)]
    public double FocusingFactor { get; set; } = 3;

    /// <summary>KERNEL_SIZE: side of the depthwise convolution.</summary>
    [Range(1, 63)]
    public int KernelSize { get; set; } = 5;

    /// <summary>ATTN_TYPE: a letter a stage, L (polarity), S (softmax), or M with a number of leading L blocks.</summary>
    public string AttnType { get; set; } = "LLLL";

    /// <summary>PVT_LA_SR_RATIOS: a digit a stage, the reduction of keys in L stages.</summary>
    public string PvtLaSrRatios { get; set; } = "1111";

    /// <summary>CSWIN_LA_SPLIT_SIZE: a number a stage with dashes between, the width of CSwin's stripes under any attention but softmax.</summary>
    public string CswinLaSplitSize { get; set; } = "56-28-14-7";
}
