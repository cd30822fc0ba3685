namespace PolaFormer.Cli.Tests;

public class ExportCommandTests
{
    [Fact]
    public async Task ShippedNetworkIsWrittenWithoutOptions()
    {
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".onnx");
        try
        {
            (int code, string output, _) = await Polaformer.Run("export", "--onnx", file);
            Assert.Equal(0, code);
            Assert.Contains("polaformer_pp_photographs", output, StringComparison.Ordinal);
            string content = System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
            Assert.Contains("airplane", content, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("export", "--onnx", "no-such-folder/x.onnx")]
    [InlineData("export", "--onnx", "x.onnx", "--model", "pola_pvt_tiny")]
    [InlineData("export", "--onnx", "x.onnx", "--random-weights")]
    [InlineData("export", "--onnx", "x.onnx", "--checkpoint", "LICENSE")]
    [InlineData("export", "--onnx", "x.onnx", "--opset", "16")]
    public async Task MistakeGivesOneLineAndNoFile(params string[] arguments)
    {
        (int code, _, string error) = await Polaformer.Run(arguments);
        Assert.NotEqual(0, code);
        string line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("polaformer: ", line, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Polaformer.Root, arguments[2])));
    }
}
