namespace PolaFormer.Segmentation.Data;

/// <summary>How a folder of masks is read.</summary>
public sealed record MaskFolderOptions
{
    /// <summary>Whether value 0 is what counts nowhere and the classes count from 1 (ADE20K).</summary>
    public bool ReduceZeroLabel { get; init; }

    /// <summary>What the name of a mask has behind the image's, without the extension, such as <c>_labelTrainIds</c>.</summary>
    public string MaskSuffix { get; init; } = "";

    /// <summary>Classes by colour, for masks in colours; null for masks of values.</summary>
    public ClassNames? Colors { get; init; }

    /// <summary>Number of classes; a larger value, other than 255, is an error. Null for any.</summary>
    public int? Classes { get; init; }
}
