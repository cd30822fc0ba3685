namespace PolaFormer.Training;

/// <summary>What is trained, and where a run starts.</summary>
/// <param name="Model">The network's name.</param>
/// <param name="ParameterCount">Its trained parameters.</param>
/// <param name="Classes">Names of the classes, in the order of the logits.</param>
/// <param name="Metrics">Its metrics; the first decides which network is the best.</param>
/// <param name="Configuration">The settings as text, of a recipe as YAML.</param>
/// <param name="Epochs">Epochs of the run.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="EpochsDone">Epochs done before this start.</param>
/// <param name="StepsDone">Steps of the next epoch done before this start.</param>
/// <param name="ResumedFrom">The file of the saved state, or null for a run from the beginning.</param>
/// <param name="Elapsed">Time over every start of the run.</param>
public sealed record RunDescription(
    string Model, long ParameterCount, IReadOnlyList<string> Classes, IReadOnlyList<MetricDefinition> Metrics, string Configuration, int Epochs, int StepsPerEpoch, int EpochsDone, int StepsDone, string? ResumedFrom, TimeSpan Elapsed)
{
    /// <summary>What the task's examples are called where they are counted.</summary>
    public string ExamplesName { get; init; } = "images";

    /// <summary>When, where and by what this start was made; null where it is not told.</summary>
    public RunEnvironment? Environment { get; init; }

    /// <summary>Steps of the whole run done before this start.</summary>
    public long GlobalStep => ((long)EpochsDone * StepsPerEpoch) + StepsDone;
}
