namespace PolaFormer.Vision;

/// <summary>The colour that a class is drawn in.</summary>
/// <param name="Red">Red, 0 … 255.</param>
/// <param name="Green">Green, 0 … 255.</param>
/// <param name="Blue">Blue, 0 … 255.</param>
public readonly record struct ClassColor(byte Red, byte Green, byte Blue)
{
    /// <summary>Pascal VOC's colour of a class without one of its own: the bits of the number, one to each channel in turn, highest first; black is left out.</summary>
    /// <param name="number">Number of the class, from 0.</param>
    public static ClassColor Of(int number)
    {
        int red = 0, green = 0, blue = 0;
        for (int bit = 7, rest = number + 1; rest > 0; bit--, rest >>= 3)
        {
            red |= (rest & 1) << bit;
            green |= ((rest >> 1) & 1) << bit;
            blue |= ((rest >> 2) & 1) << bit;
        }

        return new ClassColor((byte)red, (byte)green, (byte)blue);
    }
}
