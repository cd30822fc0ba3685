using PolaFormer.Files;

namespace PolaFormer.Vision;

/// <summary>An image could not be read: unknown format, damaged or truncated data, more pixels than allowed, or a missing codec library. The message is one line meant for the user.</summary>
public sealed class ImageException : Exception
{
    /// <summary>Makes the exception with a one-line message.</summary>
    public ImageException(string message) : base(message)
    {
    }

    /// <summary>Makes the exception with a one-line message and what caused it.</summary>
    public ImageException(string message, Exception inner) : base(message, inner)
    {
    }

    /// <summary>Whether an exception of the library tells of a file that cannot be read or is damaged, rather than of a mistake here.</summary>
    internal static bool Explains(Exception error) =>
        error is IOException or InvalidDataException or UnauthorizedAccessException or FormatException or ArgumentException or NotSupportedException or OverflowException;

    /// <summary>What the library says of a file, as one line that begins with the file.</summary>
    internal static ImageException Of(string path, Exception error) =>
        new(error is FileException ? error.Message : $"{path}: {error.Message.ReplaceLineEndings(" ")}", error);
}
