namespace PolaFormer.Cli.Tests;

public class StandardWriterTests
{
    [Fact]
    public void PlainTextHasLinesAndTabsButNoControlCharacters()
    {
        var inner = new StringWriter { NewLine = "\n" };
        using var writer = new StandardWriter(inner, isPlain: true, _ => { }) { NewLine = "\n" };
        writer.WriteLine("a\tb\u001b]0;title\u0007");
        writer.Write('\u009b');
        writer.Write(["\r"[0], 'c'], 0, 2);
        Assert.Equal("a\tb\\u001b]0;title\\u0007\n\\u009b\\u000dc", inner.ToString());
    }

    [Fact]
    public void OtherTextIsWrittenAsItIs()
    {
        var inner = new StringWriter();
        using var writer = new StandardWriter(inner, isPlain: false, _ => { });
        writer.Write("\r\u001b[K");
        Assert.Equal("\r\u001b[K", inner.ToString());
    }

    [Fact]
    public void AFailureIsToldAndGoesNoFurther()
    {
        var told = new List<Exception>();
        using var writer = new StandardWriter(new StreamWriter(new FullDisk()) { AutoFlush = true }, isPlain: false, told.Add);
        writer.WriteLine("lost");
        writer.Flush();
        Assert.All(told, error => Assert.Equal("No space left on device", error.Message));
        Assert.NotEmpty(told);
    }

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device");

        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device");
    }
}
