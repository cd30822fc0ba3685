namespace PolaFormer.Measurement;

/// <summary>y = factor·x^exponent: how time grows with size.</summary>
/// <param name="Factor">y at x = 1.</param>
/// <param name="Exponent">1 for linear growth, 2 for quadratic.</param>
public readonly record struct PowerLaw(double Factor, double Exponent)
{
    /// <summary>The least-squares line through the logarithms of the points.</summary>
    /// <exception cref="ArgumentException">Fewer than two different x, or a coordinate that is not positive.</exception>
    public static PowerLaw Fit(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Any(point => !(point.X > 0 && point.Y > 0)) || points.DistinctBy(point => point.X).Count() < 2)
            throw new ArgumentException("A power law is fitted to positive points at two different places at least.", nameof(points));
        double meanX = points.Average(point => Math.Log(point.X)), meanY = points.Average(point => Math.Log(point.Y));
        double covariance = points.Sum(point => (Math.Log(point.X) - meanX) * (Math.Log(point.Y) - meanY));
        double exponent = covariance / points.Sum(point => Math.Pow(Math.Log(point.X) - meanX, 2));
        return new PowerLaw(Math.Exp(meanY - (exponent * meanX)), exponent);
    }

    /// <summary>y at x.</summary>
    public double At(double x) => Factor * Math.Pow(x, Exponent);

    /// <summary>
    /// The x from which one series stays below another: where the segments between the last point at which it is not and the next one cross. Null
    /// where it is below everywhere, or not at the end.
    /// </summary>
    /// <param name="points">Both series at the same x, ascending.</param>
    public static double? StaysBelowFrom(IReadOnlyList<(double X, double Y, double Other)> points)
    {
        int last = points.Count - 1;
        while (last >= 0 && points[last].Y < points[last].Other)
            last--;
        if (last < 0 || last == points.Count - 1)
            return null;
        double crossing = Crossing(
            Fit([(points[last].X, points[last].Y), (points[last + 1].X, points[last + 1].Y)]),
            Fit([(points[last].X, points[last].Other), (points[last + 1].X, points[last + 1].Other)]));
        return double.IsFinite(crossing) ? crossing : null;
    }

    /// <summary>The x at which two laws are equal.</summary>
    public static double Crossing(PowerLaw a, PowerLaw b) => Math.Pow(b.Factor / a.Factor, 1 / (a.Exponent - b.Exponent));
}
