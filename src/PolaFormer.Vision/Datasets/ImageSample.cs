namespace PolaFormer.Vision.Datasets;

/// <summary>An encoded image and its class.</summary>
/// <param name="Data">The whole image file.</param>
/// <param name="Label">Position of its class.</param>
/// <param name="Name">Where it comes from, for messages.</param>
public readonly record struct ImageSample(ReadOnlyMemory<byte> Data, int Label, string Name);
