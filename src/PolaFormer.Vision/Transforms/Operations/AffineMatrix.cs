using System.Globalization;

namespace PolaFormer.Vision.Transforms.Operations;

/// <summary>Where the pixels of a result come from: (x, y) is taken from (A·x + B·y + C, D·x + E·y + F), pixel centres at halves.</summary>
/// <param name="A">Source column per column.</param>
/// <param name="B">Source column per row.</param>
/// <param name="C">Source column of the corner.</param>
/// <param name="D">Source row per column.</param>
/// <param name="E">Source row per row.</param>
/// <param name="F">Source row of the corner.</param>
public readonly record struct AffineMatrix(double A, double B, double C, double D, double E, double F)
{
    /// <summary>Moves each row sideways by its number times a factor.</summary>
    public static AffineMatrix ShearX(double factor) => new(1, factor, 0, 0, 1, 0);

    /// <summary>Moves each column up or down by its number times a factor.</summary>
    public static AffineMatrix ShearY(double factor) => new(1, 0, 0, factor, 1, 0);

    /// <summary>Moves the image to the left, and up.</summary>
    public static AffineMatrix Translation(double columns, double rows) => new(1, 0, columns, 0, 1, rows);

    /// <summary>Turns an image counter-clockwise round its centre, with Pillow's roundings.</summary>
    /// <param name="degrees">The angle.</param>
    /// <param name="width">The image's width.</param>
    /// <param name="height">The image's height.</param>
    public static AffineMatrix Rotation(double degrees, int width, int height)
    {
        // Python's remainder has the divisor's sign.
        double angle = degrees % 360;
        angle = -((angle < 0 ? angle + 360 : angle) * (Math.PI / 180));
        double a = Rounded(Math.Cos(angle)), b = Rounded(Math.Sin(angle)), d = Rounded(-Math.Sin(angle)), e = Rounded(Math.Cos(angle));
        double x = width / 2.0, y = height / 2.0;
        return new(a, b, (a * -x) + (b * -y) + 0.0 + x, d, e, (d * -x) + (e * -y) + 0.0 + y);
    }

    /// <summary>Rounds to 15 decimals as Python does; <see cref="Math.Round(double, int)"/> scales and so errs in the last bit.</summary>
    private static double Rounded(double value) =>
        double.Parse(value.ToString("F15", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
