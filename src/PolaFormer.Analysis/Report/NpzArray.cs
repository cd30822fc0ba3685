namespace PolaFormer.Analysis.Report;

/// <summary>An array of 32-bit floats with its name.</summary>
/// <param name="Name">Its key in the file.</param>
/// <param name="Values">The elements, row by row.</param>
/// <param name="Shape">The extents.</param>
public sealed record NpzArray(string Name, float[] Values, params IReadOnlyList<int> Shape);
