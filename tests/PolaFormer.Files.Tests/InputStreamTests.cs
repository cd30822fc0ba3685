namespace PolaFormer.Files.Tests;

/// <summary>Streams are read up to a limit.</summary>
public sealed class InputStreamTests
{
    [Fact]
    public async Task AStreamIsReadToItsEnd()
    {
        byte[] bytes = [.. Enumerable.Range(0, 200_000).Select(i => (byte)i)];
        Assert.Equal(bytes, InputStream.ReadAllBytes(new MemoryStream(bytes), "upload", bytes.Length).ToArray());
        Assert.Equal(bytes, (await InputStream.ReadAllBytesAsync(new MemoryStream(bytes), "upload", bytes.Length, TestContext.Current.CancellationToken)).ToArray());
    }

    [Fact]
    public async Task AStreamWithoutAnEndIsRefused()
    {
        using var endless = new EndlessStream();
        Assert.Equal("upload: it has more than 1000000 bytes, which are not read. Check that it is the file you mean.", Assert.Throws<FileException>(() => InputStream.ReadAllBytes(endless, "upload", 1_000_000)).Message);
        await Assert.ThrowsAsync<FileException>(() => InputStream.ReadAllBytesAsync(endless, "upload", 1_000_000, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void AStreamThatBreaksOffIsNamed()
    {
        using var broken = new EndlessStream { Breaks = true };
        Assert.Equal("upload: it broke off (connection reset). Send it again.", Assert.Throws<FileException>(() => InputStream.ReadAllBytes(broken, "upload", 1000)).Message);
    }

    // As the body of a request: it is only read, so every other member throws, as Stream's contract says.
    private sealed class EndlessStream : Stream
    {
        public bool Breaks { get; init; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Breaks ? throw new IOException("connection reset") : count;

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
