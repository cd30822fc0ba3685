using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>What a run writes about itself into its folder, next to its checkpoints.</summary>
public static class RunFiles
{
    /// <summary>Name of the log that the reports are made from.</summary>
    internal const string Log = "log.jsonl";

    /// <summary>The observers that write log, TensorBoard events, table and report, in the order they need.</summary>
    /// <param name="folder">The run's folder; it must exist.</param>
    /// <param name="every">Steps of an epoch between records of steps (PRINT_FREQ).</param>
    public static IReadOnlyList<ITrainingObserver> Observers(string folder, int every) =>
    [
        new TrainingLog(Path.Combine(folder, Log), every),
        new TensorBoardLog(folder, every, TimeProvider.System),
        new RunReport(folder),
    ];

    /// <summary>Refuses to start from a network that the run would write its own over.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="pretrained">File of the network; empty for none.</param>
    /// <exception cref="TrainingException">It is one of the folder's.</exception>
    internal static void RequireOthers(string folder, string pretrained)
    {
        string[] written = ["last.safetensors", "last_ema.safetensors", "best.safetensors", "best_ema.safetensors", "last.pth", "best.pth"];
        if (pretrained.Length > 0 && written.Any(name => OutputFile.IsInput(Path.Combine(folder, name), pretrained)))
            throw new TrainingException($"{pretrained}: the run would write its own networks over it. Choose another output folder.");
    }
}
