using PolaFormer.Files;

namespace PolaFormer.Training;

/// <summary>Keeps a run's folder to one process: the operating system frees the lock when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <summary>Takes the folder, and clears what a killed process left half-written.</summary>
    /// <exception cref="TrainingException">Another process has it.</exception>
    public static RunLock Take(string folder)
    {
        string path = Path.Combine(folder, "run.lock");
        // A file of that name with contents was not made by a run.
        FileOptions options = new FileInfo(path) is { Exists: true, Length: > 0 } ? FileOptions.None : FileOptions.DeleteOnClose;
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, options);
        }
        catch (IOException error)
        {
            throw new TrainingException($"{folder}: another run writes there, or it cannot be written ({error.Message}). Wait for that run, or choose another output folder.", error);
        }

        OutputFile.RemoveLeftovers(folder);
        return new RunLock(file);
    }

    /// <summary>Frees the folder.</summary>
    public void Dispose() => _file.Dispose();
}
