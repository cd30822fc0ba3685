namespace PolaFormer.Cli.Tests;

/// <summary>Command lines that were written for earlier versions.</summary>
public class EarlierNamesTests
{
    [Theory]
    [InlineData("attention cat.jpg --rollout", "analyze attention cat.jpg --rollout")]
    [InlineData("entropy --theorem", "analyze entropy --theorem")]
    [InlineData("gates cat.jpg", "analyze gates cat.jpg")]
    [InlineData("compare --tokens 49", "analyze compare --tokens 49")]
    [InlineData("bench --model m", "bench inference --model m")]
    [InlineData("bench --batch 8 --model m --train", "bench training --batch 8 --model m")]
    [InlineData("bench --model m --attention elu", "bench inference --model m --attention elu")]
    [InlineData("bench --attention softmax --dim 32 64", "bench kernels softmax --dim 32 64")]
    [InlineData("bench --threads 1 --attention", "bench kernels --threads 1")]
    public void AreWrittenAsTheyAreNow(string earlier, string now) => Assert.Equal(now, string.Join(' ', EarlierNames.Replace(earlier.Split(' '))));

    [Theory]
    [InlineData("bench")]
    [InlineData("bench --help")]
    [InlineData("bench inference --model attention")]
    [InlineData("analyze attention cat.jpg")]
    [InlineData("predict attention")]
    public void NamesOfNowStay(string line) => Assert.Equal(line, string.Join(' ', EarlierNames.Replace(line.Split(' '))));
}
