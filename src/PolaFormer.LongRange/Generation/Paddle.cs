namespace PolaFormer.LongRange.Generation;

/// <summary>A dash of a line: where it begins, and its picture.</summary>
internal readonly record struct Paddle(int Y, int X, PaddlePicture Picture);
