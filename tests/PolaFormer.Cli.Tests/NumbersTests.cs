using System.CommandLine;

namespace PolaFormer.Cli.Tests;

public class NumbersTests
{
    [Theory]
    [InlineData("0.5", 0.5)]
    [InlineData("1e-3", 0.001)]
    [InlineData("+2", 2)]
    [InlineData(".25", 0.25)]
    public void AFractionHasAPointAndAnExponent(string text, double value)
    {
        Assert.True(Numbers.TryRead(text, out double read));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData("0,5")]
    [InlineData("1,000")]
    [InlineData("1.000,5")]
    [InlineData("1_000")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1 000")]
    [InlineData("1e")]
    [InlineData("0x10")]
    [InlineData("1f")]
    [InlineData("(1)")]
    [InlineData("$1")]
    [InlineData("one")]
    [InlineData("")]
    public void NothingElseIsANumber(string text)
    {
        Assert.False(Numbers.TryRead(text, out double _));
        Assert.False(Numbers.TryRead(text, out int _));
    }

    [Theory]
    [InlineData("1e3")]
    [InlineData("1.0")]
    [InlineData("2147483648")]
    public void AWholeNumberIsDigitsOfItsRange(string text) => Assert.False(Numbers.TryRead(text, out int _));

    [Theory]
    [InlineData("0", "--share takes a number from 0.5 to 2, not '0'.")]
    [InlineData("2.5", "--share takes a number from 0.5 to 2, not '2.5'.")]
    [InlineData("NaN", "--share takes a number from 0.5 to 2, not 'NaN'.")]
    [InlineData("Infinity", "--share takes a number from 0.5 to 2, not 'Infinity'.")]
    [InlineData("1e999", "--share takes a number from 0.5 to 2, not '1e999'.")]
    public void OutOfRangeIsOneLineWithTheRange(string text, string line)
    {
        var option = new Option<double>("--share") { CustomParser = Numbers.One(0.5, 2.0) };
        Assert.Equal(line, Assert.Single(new RootCommand { option }.Parse(["--share", text]).Errors).Message);
    }

    [Fact]
    public void SeveralNumbersAreCheckedOneByOne()
    {
        var option = new Option<int[]>("--counts") { CustomParser = Numbers.Several(1, 9), AllowMultipleArgumentsPerToken = true };
        var root = new RootCommand { option };
        Assert.Equal([1, 9], root.Parse(["--counts", "1", "9"]).GetRequiredValue(option));
        Assert.Equal("--counts takes a whole number from 1 to 9, not '10'.", Assert.Single(root.Parse(["--counts", "1", "10"]).Errors).Message);
    }

    [Fact]
    public void AnOptionLeftOutHasNoNumber()
    {
        var option = new Option<int?>("--count") { CustomParser = Numbers.OneOrNone(1, 9) };
        Assert.Null(new RootCommand { option }.Parse([]).GetValue(option));
        Assert.Equal(3, new RootCommand { option }.Parse(["--count", "3"]).GetValue(option));
    }
}
