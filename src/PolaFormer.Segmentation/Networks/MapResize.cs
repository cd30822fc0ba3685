using PolaFormer.Tensors;

namespace PolaFormer.Segmentation.Networks;

/// <summary>mmsegmentation's resize: bilinear interpolation of maps, without antialiasing.</summary>
internal static class MapResize
{
    /// <summary>(B, H, W, C) → (B, height, width, C); the same tensor at the same size.</summary>
    public static Tensor To(Tensor map, int height, int width, bool alignCorners) => map.Shape[1] == height && map.Shape[2] == width
        ? map
        : map.Interpolate(height, width, Mode(alignCorners));

    /// <summary>The interpolation.</summary>
    public static InterpolationMode Mode(bool alignCorners) => alignCorners ? InterpolationMode.BilinearAligned : InterpolationMode.Bilinear;

    /// <summary>A map at the size of another.</summary>
    public static Tensor Like(Tensor map, Tensor other, bool alignCorners) => To(map, other.Shape[1], other.Shape[2], alignCorners);
}
