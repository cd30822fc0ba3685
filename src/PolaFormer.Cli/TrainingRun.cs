using PolaFormer.Distributed.Mpi;
using PolaFormer.Training;
using PolaFormer.Training.Reporting;

namespace PolaFormer.Cli;

/// <summary>A run of a trainer on the terminal: its progress, and what is said where it is stopped.</summary>
internal static class TrainingRun
{
    /// <summary>Runs to the end, or until it is stopped.</summary>
    /// <param name="trainer">The run.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="asJson">Whether the log is printed instead of text.</param>
    /// <param name="printEvery">Steps between two lines.</param>
    /// <param name="stop">Ends the run after the step under way.</param>
    /// <param name="pages">What else is written of the run.</param>
    /// <returns>The exit code: 130 where the run was stopped.</returns>
    public static int Run(Trainer trainer, string folder, bool asJson, int printEvery, CancellationToken stop, params IReadOnlyList<ITrainingObserver> pages)
    {
        // A run goes on when nobody can read what it prints: its log and its checkpoints are files.
        bool isTold = false;
        using var output = new StandardWriter(Terminal.Output, isPlain: false, error =>
        {
            if (!isTold)
                Console.Error.WriteLine($"polaformer: {error.Message} The run goes on; its log is in {folder}.");
            isTold = true;
        });
        ITrainingObserver display = asJson
            ? new JsonLines(output.WriteLine, printEvery)
            // mpirun has a terminal of its own for its processes, whose output need not be shown on one.
            : new TrainingDisplay(output, Console.IsOutputRedirected || MpiGroup.IsStarted ? null : () => Console.WindowWidth, printEvery) { Folder = folder, Plugins = Plugin.Loaded };
        if (trainer.Run(new TrainingObservers([display, .. pages]), stop))
            return 0;
        Console.Error.WriteLine("Stopped; the same command continues.");
        return 130;
    }
}
