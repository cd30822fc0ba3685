namespace PolaFormer.Vision.OpenCv;

/// <summary>OpenCV's resize with INTER_NEAREST: pixel ⌊o·inputs/outputs⌋ of either direction. What maps of classes are resized with.</summary>
public static class NearestResize
{
    /// <summary>Resizes a map of one value a pixel.</summary>
    /// <param name="source">(height, width).</param>
    /// <param name="sourceWidth">Width in pixels.</param>
    /// <param name="sourceHeight">Height in pixels.</param>
    /// <param name="width">New width in pixels, at least 1.</param>
    /// <param name="height">New height in pixels, at least 1.</param>
    /// <returns>(newHeight, newWidth).</returns>
    public static byte[] Apply(ReadOnlySpan<byte> source, int sourceWidth, int sourceHeight, int width, int height)
    {
        byte[] result = new byte[width * height];
        for (int y = 0, i = 0; y < height; y++)
        {
            ReadOnlySpan<byte> row = source.Slice((int)((long)y * sourceHeight / height) * sourceWidth, sourceWidth);
            for (int x = 0; x < width; x++, i++)
                result[i] = row[(int)((long)x * sourceWidth / width)];
        }

        return result;
    }
}
