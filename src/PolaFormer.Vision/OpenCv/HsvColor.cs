namespace PolaFormer.Vision.OpenCv;

/// <summary>
/// OpenCV's conversions between RGB and HSV of 8 bits (4.6): H in 0 … 179, half degrees; S and V in 0 … 255. The way back follows
/// its AVX2 code, which truncates in all but the last pixels of a row, so that results are those of the machines that published
/// models were trained on.
/// </summary>
public static class HsvColor
{
    private const int Shift = 12, Block = 32;

    private static readonly int[] s_saturation = Table(255 << Shift, 1), s_hue = Table(180 << Shift, 6);

    /// <summary>Converts pixels to H, S, V in their place.</summary>
    /// <param name="pixels">Red, green, blue of each pixel.</param>
    public static void FromRgb(Span<byte> pixels)
    {
        for (int i = 0; i < pixels.Length; i += Image.Channels)
        {
            (int r, int g, int b) = (pixels[i], pixels[i + 1], pixels[i + 2]);
            int value = Math.Max(b, Math.Max(g, r)), difference = value - Math.Min(b, Math.Min(g, r));
            int saturation = ((difference * s_saturation[value]) + (1 << (Shift - 1))) >> Shift;
            int hue = value == r ? g - b : value == g ? b - r + (2 * difference) : r - g + (4 * difference);
            hue = ((hue * s_hue[difference]) + (1 << (Shift - 1))) >> Shift;
            if (hue < 0)
                hue += 180;
            (pixels[i], pixels[i + 1], pixels[i + 2]) = ((byte)Math.Min(hue, 255), (byte)saturation, (byte)value);
        }
    }

    /// <summary>Converts rows of H, S, V to red, green, blue in their place.</summary>
    /// <param name="pixels">(height, width, 3).</param>
    /// <param name="width">Pixels of a row, at least 1.</param>
    public static void ToRgb(Span<byte> pixels, int width)
    {
        int truncated = width / Block * Block;
        for (int i = 0, x = 0; i < pixels.Length; i += Image.Channels, x = x + 1 == width ? 0 : x + 1)
        {
            bool truncates = x < truncated;
            float hue = pixels[i] * (6f / 180f), saturation = pixels[i + 1] * (1f / 255f), value = pixels[i + 2] * (1f / 255f);
            int sector = (int)MathF.Floor(hue);
            hue -= sector;
            sector = ((sector % 6) + 6) % 6;
            float p = value * (1 - saturation), q, t, rest = 1 - hue;
            if (truncates)
            {
                q = value * MathF.FusedMultiplyAdd(-saturation, hue, 1);
                t = value * MathF.FusedMultiplyAdd(-saturation, rest, 1);
            }
            else
            {
                q = value * (1 - (saturation * hue));
                t = value * (1 - (saturation * rest));
            }

            (float b, float g, float r) = sector switch
            {
                0 => (p, t, value),
                1 => (p, value, q),
                2 => (t, value, p),
                3 => (value, q, p),
                4 => (value, p, t),
                _ => (q, p, value),
            };
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (Byte(r, truncates), Byte(g, truncates), Byte(b, truncates));
        }
    }

    private static byte Byte(float value, bool truncates)
    {
        value *= 255f;
        return (byte)Math.Clamp(truncates ? (int)value : (int)MathF.Round(value, MidpointRounding.ToEven), 0, 255);
    }

    private static int[] Table(int numerator, int factor)
    {
        int[] table = new int[256];
        for (int i = 1; i < table.Length; i++)
            table[i] = (int)Math.Round(numerator / ((double)factor * i), MidpointRounding.ToEven);
        return table;
    }
}
