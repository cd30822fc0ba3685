namespace PolaFormer.Cuda.Tests.Fibres;

internal static class Distance
{
    /// <summary>‖actual − expected‖ / ‖expected‖ is at most the tolerance; a NaN never is.</summary>
    public static void AssertWithin(double tolerance, double[] expected, double[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum());
        double norm = Math.Sqrt(expected.Sum(e => e * e));
        Assert.True(difference <= tolerance * norm, $"{what}: ‖actual − expected‖ / ‖expected‖ = {difference / norm:E2}, allowed {tolerance:E1}");
    }
}
