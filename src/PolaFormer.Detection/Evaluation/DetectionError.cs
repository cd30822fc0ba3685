using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Data;

namespace PolaFormer.Detection.Evaluation;

/// <summary>An object that was not found, or a detection where no object of its class is.</summary>
/// <param name="Image">The image.</param>
/// <param name="Box">The object's or the detection's box.</param>
/// <param name="Label">The class.</param>
/// <param name="Score">The detection's score; NaN for an object.</param>
public sealed record DetectionError(CocoImage Image, Box Box, int Label, float Score);
