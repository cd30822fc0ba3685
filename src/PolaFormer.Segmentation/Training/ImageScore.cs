namespace PolaFormer.Segmentation.Training;

/// <summary>How well a network does on one image of an evaluation.</summary>
/// <param name="Index">Number of the image in its data set.</param>
/// <param name="MeanIoU">Mean intersection over union of the classes that are in it or in its prediction; NaN where none counts.</param>
public readonly record struct ImageScore(int Index, double MeanIoU);
