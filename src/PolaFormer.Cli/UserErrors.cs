using PolaFormer.Checkpoints;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;

namespace PolaFormer.Cli;

/// <summary>Turns a user's mistake into one line on standard error and exit code 1; a defect of ours keeps its stack trace.</summary>
internal static class UserErrors
{
    /// <summary>Runs a command.</summary>
    public static int Run(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (Exception error) when (IsUserError(error))
        {
            Console.Error.WriteLine($"polaformer: {error.Message.ReplaceLineEndings(" ")}");
            return 1;
        }
    }

    /// <summary>Whether the message alone tells the user what to do.</summary>
    public static bool IsUserError(Exception error) =>
        error is CheckpointException or ImageException or ConfigurationException or TrainingException or NonFiniteException or ArgumentException or IOException or UnauthorizedAccessException;
}
