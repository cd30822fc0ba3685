namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>How far results are from others.</summary>
internal static class Errors
{
    /// <summary>‖actual − expected‖ / ‖expected‖; NaN where one is NaN.</summary>
    public static double Relative(IEnumerable<float> expected, IEnumerable<float> actual)
    {
        (double difference, double norm) = (0, 0);
        foreach ((float e, float a) in expected.Zip(actual))
        {
            difference += ((double)e - a) * ((double)e - a);
            norm += (double)e * e;
        }

        return difference == 0 ? 0 : Math.Sqrt(difference / norm);
    }

    /// <summary>Prints one result and says whether it is within its tolerance.</summary>
    public static bool Print(string what, double error, double tolerance)
    {
        bool fits = error <= tolerance;
        Console.WriteLine($"{(fits ? "ok " : "BAD")} {what}: {error:E1}");
        return fits;
    }
}
