namespace PolaFormer.Training;

/// <summary>How a run ended.</summary>
/// <param name="IsComplete">Whether it reached its last epoch; otherwise it was stopped and can be continued.</param>
/// <param name="Best">Best first metric of the trained weights on the evaluation examples; its value is −1 if there was no evaluation yet.</param>
/// <param name="Elapsed">Time over every start of the run.</param>
/// <param name="GlobalStep">Steps of the whole run done.</param>
/// <param name="Epochs">Epochs done.</param>
/// <param name="WasFinished">Whether it had reached its end before this start, which so had nothing to do.</param>
public sealed record RunEnd(bool IsComplete, MetricValue Best, TimeSpan Elapsed, long GlobalStep, int Epochs, bool WasFinished)
{
    /// <summary>Epoch of the best network; 0 where there is none.</summary>
    public int BestEpoch { get; init; }

    /// <summary>Whether it ended because no better network came for as many epochs as TRAIN.PATIENCE says.</summary>
    public bool HasStalled { get; init; }

    /// <summary>What the chosen network achieves on the examples for testing; null for a task without, or where the run was stopped.</summary>
    public Evaluation? Test { get; init; }
}
