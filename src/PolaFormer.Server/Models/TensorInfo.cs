namespace PolaFormer.Server.Models;

/// <summary>An input or an output of a model in the Open Inference Protocol.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">FP32, UINT8, INT64 or BYTES.</param>
/// <param name="Shape">Its extents; −1 for one that varies.</param>
internal sealed record TensorInfo(string Name, string Datatype, params long[] Shape);
