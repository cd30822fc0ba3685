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
}
