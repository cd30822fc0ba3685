namespace PolaFormer.Training;

/// <summary>What happens when a loss or a gradient is not finite: TRAIN.ON_NAN.</summary>
public enum NonFinitePolicy
{
    /// <summary>The run fails; its saved state is as it was.</summary>
    Stop,

    /// <summary>The step changes nothing; the run goes on with the next batch.</summary>
    Skip,

    /// <summary>The run goes back to its saved state and passes the step's batch over when it comes there again.</summary>
    Rollback,
}
