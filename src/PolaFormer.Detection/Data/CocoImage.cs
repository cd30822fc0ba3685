namespace PolaFormer.Detection.Data;

/// <summary>An image of a data set with what is in it.</summary>
/// <param name="Id">Its number in the file.</param>
/// <param name="FileName">Name of the photograph.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public sealed record CocoImage(long Id, string FileName, int Height, int Width)
{
    /// <summary>What is in it, in the order of the file.</summary>
    public List<CocoAnnotation> Annotations { get; } = [];
}
