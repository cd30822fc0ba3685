using System.Text;
using PolaFormer.Analysis.Report;

namespace PolaFormer.Cli;

/// <summary>
/// Standard output or standard error. Its disk may be full and its reader gone, and what is printed may come from a file that
/// somebody else made.
/// </summary>
/// <param name="inner">Writes.</param>
/// <param name="isPlain">Whether control characters are printed as escapes, line ends and tabs excepted.</param>
/// <param name="onFailure">Told what could not be written, and why.</param>
internal sealed class StandardWriter(TextWriter inner, bool isPlain, Action<Exception> onFailure) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Write([value]);

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    /// <inheritdoc/>
    public override void Write(string? value) => Write(value.AsSpan());

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Write(value + NewLine);

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer)
    {
        try
        {
            if (isPlain)
                inner.Write(PlainText.OfLines(buffer));
            else
                inner.Write(buffer);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            onFailure(error);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        try
        {
            inner.Flush();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            onFailure(error);
        }
    }
}
