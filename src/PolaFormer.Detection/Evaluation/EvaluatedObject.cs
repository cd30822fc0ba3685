using PolaFormer.Detection.Masks;

namespace PolaFormer.Detection.Evaluation;

/// <summary>An object of an image as the evaluation sees it: from the annotations, or found by a detector.</summary>
public sealed record EvaluatedObject
{
    /// <summary>The image's number in the data set.</summary>
    public required long Image { get; init; }

    /// <summary>The category's number in the data set.</summary>
    public required long Category { get; init; }

    /// <summary>The annotation's number; detections have none.</summary>
    public long Id { get; init; }

    /// <summary>Left, top, width and height in pixels.</summary>
    public (double X, double Y, double Width, double Height) Box { get; init; }

    /// <summary>Pixels that decide about small, medium and large.</summary>
    public double Area { get; init; }

    /// <summary>Whether the annotation is a region of many objects.</summary>
    public bool IsCrowd { get; init; }

    /// <summary>Confidence of a detection.</summary>
    public double Score { get; init; }

    /// <summary>The pixels; needed where masks are compared.</summary>
    public RunLengthMask? Mask { get; init; }
}
