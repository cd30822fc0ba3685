namespace PolaFormer.Vision.Transforms;

/// <summary>What <see cref="RandomErasing"/> fills a rectangle with.</summary>
public enum ErasingMode
{
    /// <summary>Zeros: the mean colour.</summary>
    Const,

    /// <summary>One normally distributed colour.</summary>
    Rand,

    /// <summary>A normally distributed colour for every pixel.</summary>
    Pixel,
}
