namespace PolaFormer.Tensors;

/// <summary>How an image is resampled between pixels, by PyTorch's rules.</summary>
public enum InterpolationMode
{
    /// <summary>Linear in both directions (align_corners = false).</summary>
    Bilinear,

    /// <summary>Cubic convolution with a = −0.75 in both directions (align_corners = false).</summary>
    Bicubic,

    /// <summary>Linear in both directions, the centres of the corner pixels staying in place (align_corners = true).</summary>
    BilinearAligned,

    /// <summary>The pixel ⌊o·inputs/outputs⌋.</summary>
    Nearest,
}
