namespace PolaFormer.Detection.Data;

/// <summary>A category of a data set.</summary>
/// <param name="Id">Its number in the file.</param>
/// <param name="Name">Its name.</param>
public sealed record CocoCategory(long Id, string Name);
