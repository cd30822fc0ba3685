namespace PolaFormer.Checkpoints;

/// <summary>A checkpoint that cannot be read or written; the message says which file, what is wrong, where, and what to do.</summary>
public sealed class CheckpointException : Exception
{
    private const int MaxLength = 1000;

    /// <summary>Makes the message <c>file: problem</c>; names from the file may stand in it, so it is cut to a bearable length and freed of control characters.</summary>
    public CheckpointException(string file, string problem, Exception? innerException = null)
        : base($"{file}: {Clean(problem)}", innerException)
    {
        File = file;
    }

    /// <summary>The file's path, or the name its bytes were given.</summary>
    public string File { get; }

    internal static string Clean(string problem)
    {
        string text = problem.Length <= MaxLength ? problem : problem[..MaxLength] + "…";
        return string.Create(text.Length, text, static (buffer, source) =>
        {
            for (int i = 0; i < buffer.Length; i++)
                buffer[i] = char.IsControl(source[i]) ? '\uFFFD' : source[i];
        });
    }
}
