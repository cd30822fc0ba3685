namespace PolaFormer.Vision;

/// <summary>The filters of Pillow's resize. All but <see cref="Nearest"/> widen with the reduction, that is, they antialias.</summary>
public enum ResamplingFilter
{
    /// <summary>The nearest source pixel.</summary>
    Nearest,

    /// <summary>The mean of the covered pixels.</summary>
    Box,

    /// <summary>A triangle of radius 1.</summary>
    Bilinear,

    /// <summary>A Hamming-windowed sinc of radius 1.</summary>
    Hamming,

    /// <summary>Keys' cubic with a = −0.5, radius 2.</summary>
    Bicubic,

    /// <summary>A sinc windowed by a sinc, radius 3.</summary>
    Lanczos,
}
