
namespace PolaFormer.Measurement.Tests;

public class PowerLawTests
{
    [Theory]
    [InlineData(0.25, 1)]
    [InlineData(3, 2)]
    [InlineData(7, 0)]
    [InlineData(2, -1.5)]
    public void FitFindsTheLawOfItsPoints(double factor, double exponent)
    {
        var law = PowerLaw.Fit([.. new double[] { 49, 196, 784, 50176 }.Select(x => (x, factor * Math.Pow(x, exponent)))]);
        Assert.Equal(factor, law.Factor, 1e-9);
        Assert.Equal(exponent, law.Exponent, 1e-9);
    }

    [Fact]
    public void FitIsTheLeastSquaresLineOfTheLogarithms()
    {
        // ln y = 0, 2, 1 at ln x = 0, 1, 2: slope 1/2, mean 1.
        var law = PowerLaw.Fit([(1, 1), (Math.E, Math.Exp(2)), (Math.Exp(2), Math.E)]);
        Assert.Equal(0.5, law.Exponent, 1e-12);
        Assert.Equal(Math.Exp(0.5), law.Factor, 1e-12);
    }

    [Fact]
    public void LawsCrossWhereTheyAreEqual()
    {
        var linear = new PowerLaw(10, 1);
        var quadratic = new PowerLaw(0.1, 2);
        Assert.Equal(100, PowerLaw.Crossing(linear, quadratic), 1e-9);
        Assert.Equal(linear.At(100), quadratic.At(100), 1e-9);
    }

    [Fact]
    public void FitRefusesWhatHasNoLine()
    {
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([(5, 1), (5, 2)]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([(1, 1), (2, 0)]));
        Assert.Throws<ArgumentException>(() => PowerLaw.Fit([(1, 1), (2, double.NaN)]));
    }
}
