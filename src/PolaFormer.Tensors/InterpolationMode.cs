namespace PolaFormer.Tensors;

/// <summary>How an image is resampled between pixels; PyTorch's align_corners = false.</summary>
public enum InterpolationMode
{
    /// <summary>Linear in both directions.</summary>
    Bilinear,

    /// <summary>Cubic convolution with a = −0.75 in both directions.</summary>
    Bicubic,
}
