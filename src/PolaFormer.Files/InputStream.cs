namespace PolaFormer.Files;

/// <summary>Reads streams from outside, which may have no end: up to a limit.</summary>
public static class InputStream
{
    private const int Block = 1 << 16;

    /// <summary>All bytes up to the end of a stream.</summary>
    /// <param name="stream">The stream, read from where it is; it stays open.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="maxBytes">The most that it may have; memory is taken as bytes come, never for more than twice this.</param>
    /// <exception cref="FileException">It has more bytes, or cannot be read.</exception>
    public static ReadOnlyMemory<byte> ReadAllBytes(Stream stream, string name, long maxBytes)
    {
        using var bytes = new MemoryStream();
        byte[] block = new byte[Block];
        try
        {
            for (int read; (read = stream.Read(block)) > 0;)
                Append(bytes, block.AsSpan(0, read), name, maxBytes);
        }
        catch (IOException error) when (error is not FileException)
        {
            throw Broken(name, error);
        }

        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    /// <inheritdoc cref="ReadAllBytes"/>
    /// <param name="stream">The stream, read from where it is; it stays open.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="maxBytes">The most that it may have; memory is taken as bytes come, never for more than twice this.</param>
    /// <param name="cancellation">Ends the wait for bytes.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was requested.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAllBytesAsync(Stream stream, string name, long maxBytes, CancellationToken cancellation = default)
    {
        using var bytes = new MemoryStream();
        byte[] block = new byte[Block];
        try
        {
            for (int read; (read = await stream.ReadAsync(block, cancellation).ConfigureAwait(false)) > 0;)
                Append(bytes, block.AsSpan(0, read), name, maxBytes);
        }
        catch (IOException error) when (error is not FileException)
        {
            throw Broken(name, error);
        }

        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static void Append(MemoryStream bytes, ReadOnlySpan<byte> block, string name, long maxBytes)
    {
        if (bytes.Length + block.Length > Math.Min(maxBytes, Array.MaxLength))
            throw new FileException(name, $"it has more than {maxBytes} bytes, which are not read. Check that it is the file you mean.");
        bytes.Write(block);
    }

    private static FileException Broken(string name, Exception error) =>
        new(name, $"it broke off ({error.Message.ReplaceLineEndings(" ")}). Send it again.", error);
}
