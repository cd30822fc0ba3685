namespace PolaFormer.Tensors;

/// <summary>A square pooling window, in pixels.</summary>
/// <param name="Kernel">Side of the window.</param>
/// <param name="Stride">Step between windows.</param>
/// <param name="Padding">Rows and columns around the image.</param>
public readonly record struct PoolWindow(int Kernel, int Stride, int Padding)
{
    /// <summary>Number of windows along an extent.</summary>
    public int OutExtent(int extent) => ((extent + (2 * Padding) - Kernel) / Stride) + 1;
}
