namespace PolaFormer.Files;

/// <summary>A file that cannot be read or written. The message is one line: the file, what is wrong, and what to do.</summary>
public sealed class FileException : IOException
{
    /// <summary>Makes the message <c>file: problem</c>.</summary>
    public FileException(string file, string problem, Exception? innerException = null) : base($"{file}: {problem}", innerException)
    {
        File = file;
    }

    /// <summary>The path as it was given.</summary>
    public string File { get; }
}
