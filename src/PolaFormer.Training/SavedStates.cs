using PolaFormer.Checkpoints;
using PolaFormer.Files;

namespace PolaFormer.Training;

/// <summary>
/// The states in a run's folder: <c>resume</c>, and as <c>resume.previous</c> the one before it, which a run goes back to where the
/// last is damaged. A new state is complete on the disk before the last becomes the one before it, and a file that could not be
/// loaded never does: at every moment one whole state lies in the folder.
/// </summary>
/// <param name="folder">The run's folder.</param>
internal sealed class SavedStates(string folder)
{
    /// <summary>Name of the last state.</summary>
    public const string LastName = "resume.safetensors";

    private const string PreviousName = "resume.previous.safetensors";

    // Whether the last state was written or loaded here, and so is known to be whole.
    private bool _isLastWhole;

    // Whether what lies in the folder is of this run: a run that starts anew in the folder of another takes nothing over.
    private bool _isOfThisRun;

    private string Last => Path.Combine(folder, LastName);

    private string Previous => Path.Combine(folder, PreviousName);

    private IEnumerable<string> Candidates => new[] { Last, Previous }.Where(File.Exists);

    /// <summary>Whether there is a state, damaged or not.</summary>
    public bool Exist => Candidates.Any();

    /// <summary>Writes the state.</summary>
    /// <exception cref="FileException">The file cannot be written; the states there are as they were.</exception>
    public void Save(TrainingState state)
    {
        TrainingCheckpoint.Save(Last, state, keepAs: _isLastWhole ? Previous : null);
        if (!_isOfThisRun && File.Exists(Previous))
            File.Delete(Previous);
        _isLastWhole = _isOfThisRun = true;
    }

    /// <summary>Restores the last state, or the one before it where the last is damaged.</summary>
    /// <param name="state">Receives it.</param>
    /// <param name="warn">Told of a damaged file that was passed over.</param>
    /// <returns>The file.</returns>
    /// <exception cref="FileException">No state can be opened.</exception>
    /// <exception cref="CheckpointException">Every state is damaged.</exception>
    /// <exception cref="TrainingException">The state is of another run.</exception>
    public string LoadLast(TrainingState state, Action<string> warn)
    {
        // Damage may look like another run's state, too: a changed letter in the name of a tensor.
        Exception? damage = null;
        foreach (string path in Candidates)
        {
            try
            {
                TrainingCheckpoint.Load(path, state);
                if (damage is not null)
                    warn($"{damage.Message} Continuing from {path}, the state before it.");
                (_isLastWhole, _isOfThisRun) = (path == Last, true);
                return path;
            }
            catch (Exception error) when (error is CheckpointException or TrainingException or FileException)
            {
                damage ??= error;
            }
        }

        throw damage ?? new CheckpointException(folder, $"it holds no {LastName}.");
    }
}
