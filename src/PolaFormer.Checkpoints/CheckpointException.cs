namespace PolaFormer.Checkpoints;

/// <summary>A checkpoint that cannot be read or written; the message says which file, what is wrong, where, and what to do.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Makes the message <c>file: problem</c>.</summary>
    public CheckpointException(string file, string problem, Exception? innerException = null)
        : base($"{file}: {problem}", innerException)
    {
        File = file;
    }

    /// <summary>The file's path, or the name its bytes were given.</summary>
    public string File { get; }
}
