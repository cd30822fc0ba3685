namespace PolaFormer.Vision.Decoding;

/// <summary>Colours of four inks, with the values of Pillow.</summary>
internal static class CmykColor
{
    /// <summary>A channel is what black leaves of the light, less the ink's share of that.</summary>
    public static void ToRgb(byte cyan, byte magenta, byte yellow, byte black, Span<byte> pixel)
    {
        int light = 255 - black;
        pixel[0] = (byte)(light - MultiplyDivide255(cyan, light));
        pixel[1] = (byte)(light - MultiplyDivide255(magenta, light));
        pixel[2] = (byte)(light - MultiplyDivide255(yellow, light));
    }

    /// <summary>a·b/255, rounded; a and b in 0 … 255.</summary>
    private static int MultiplyDivide255(int a, int b)
    {
        int product = (a * b) + 128;
        return ((product >> 8) + product) >> 8;
    }
}
