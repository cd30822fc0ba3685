namespace PolaFormer.Tensors;

/// <summary>What part two boxes share, by mmdetection's rules: sides have no pixel added, areas are at least 10⁻⁶.</summary>
public enum OverlapMode
{
    /// <summary>Intersection over union.</summary>
    IntersectionOverUnion,

    /// <summary>Intersection over the area of the first box.</summary>
    IntersectionOverFirst,

    /// <summary>Intersection over union, less the part of the smallest box around both that is in neither (Rezatofighi et al., CVPR 2019).</summary>
    Generalized,
}
