using PolaFormer.Detection;
using PolaFormer.Segmentation.Inference;

namespace PolaFormer.Server.Models;

/// <summary>A network's answer to one input.</summary>
internal abstract record ModelResult;

/// <summary>How likely each class is.</summary>
/// <param name="Probabilities">A probability for each class, in [0, 1].</param>
/// <param name="Logits">A logit for each class; null where the network's are not shown.</param>
/// <param name="Embedding">The input of the classifier; null where it was not asked for.</param>
internal sealed record ClassScores(float[] Probabilities, float[]? Logits = null, float[]? Embedding = null) : ModelResult;

/// <summary>The class of every pixel.</summary>
/// <param name="Result">The classes.</param>
internal sealed record PixelClasses(SegmentationResult Result) : ModelResult;

/// <summary>What was found.</summary>
/// <param name="Found">The objects.</param>
/// <param name="Width">Width of the photograph in pixels.</param>
/// <param name="Height">Height of the photograph in pixels.</param>
internal sealed record FoundObjects(ImageDetections Found, int Width, int Height) : ModelResult;
