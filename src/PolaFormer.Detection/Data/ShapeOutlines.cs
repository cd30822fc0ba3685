namespace PolaFormer.Detection.Data;

/// <summary>Closed outlines of simple shapes within the unit circle, x₀, y₀, x₁, y₁, …</summary>
internal static class ShapeOutlines
{
    private const int Round = 40;

    /// <summary>The shapes by name.</summary>
    public static IReadOnlyList<(string Name, double[] Points)> All { get; } =
    [
        ("circle", Polar(Round, _ => 1)),
        ("triangle", Polar(3, _ => 1)),
        ("square", Polar(4, _ => 1)),
        ("star", Polar(10, i => i % 2 == 0 ? 1 : 0.42)),
        ("cross", [-0.3, -0.95, 0.3, -0.95, 0.3, -0.3, 0.95, -0.3, 0.95, 0.3, 0.3, 0.3, 0.3, 0.95, -0.3, 0.95, -0.3, 0.3, -0.95, 0.3, -0.95, -0.3, -0.3, -0.3]),
        ("arrow", [-1, -0.22, 0.1, -0.22, 0.1, -0.6, 1, 0, 0.1, 0.6, 0.1, 0.22, -1, 0.22]),
        ("heart", Heart()),
        ("crescent", Crescent()),
    ];

    private static double[] Polar(int count, Func<int, double> radius)
    {
        double[] points = new double[2 * count];
        for (int i = 0; i < count; i++)
        {
            double angle = (2 * Math.PI * i / count) - (Math.PI / 2);
            (points[2 * i], points[(2 * i) + 1]) = (radius(i) * Math.Cos(angle), radius(i) * Math.Sin(angle));
        }

        return points;
    }

    private static double[] Heart()
    {
        double[] points = new double[2 * Round];
        for (int i = 0; i < Round; i++)
        {
            double t = 2 * Math.PI * i / Round, sine = Math.Sin(t);
            points[2 * i] = sine * sine * sine;
            points[(2 * i) + 1] = -((13 * Math.Cos(t)) - (5 * Math.Cos(2 * t)) - (2 * Math.Cos(3 * t)) - Math.Cos(4 * t)) / 17;
        }

        return points;
    }

    // The outer arc around 0, and back along one around a centre at the right.
    private static double[] Crescent()
    {
        const double shift = 0.55, tip = 0.9;
        double inner = Math.Sqrt(((Math.Cos(tip) - shift) * (Math.Cos(tip) - shift)) + (Math.Sin(tip) * Math.Sin(tip))), innerTip = Math.Atan2(Math.Sin(tip), Math.Cos(tip) - shift);
        double[] points = new double[2 * Round];
        for (int i = 0; i < Round / 2; i++)
        {
            double part = i / ((Round / 2) - 1.0), angle = tip + (part * 2 * (Math.PI - tip)), back = -innerTip - (part * 2 * (Math.PI - innerTip));
            (points[2 * i], points[(2 * i) + 1]) = (Math.Cos(angle), Math.Sin(angle));
            (points[Round + (2 * i)], points[Round + (2 * i) + 1]) = (shift + (inner * Math.Cos(back)), inner * Math.Sin(back));
        }

        return points;
    }
}
