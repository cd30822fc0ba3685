namespace PolaFormer.Training;

/// <summary>How far a run has come.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Step">Steps of the next epoch done.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="Best">Best value of the first metric on the evaluation examples; −1 before the first.</param>
/// <param name="BestEma">That of the averaged weights; −1 before the first.</param>
internal sealed record TrainingPosition(int Epoch, int Step, int StepsPerEpoch, double Best = MetricDefinition.NotMeasured, double BestEma = MetricDefinition.NotMeasured)
{
    /// <summary>Steps of the whole run done.</summary>
    public long GlobalStep => ((long)Epoch * StepsPerEpoch) + Step;

    /// <summary>Epoch whose network was saved as the best one; 0 where none was.</summary>
    public int BestEpoch { get; init; }

    /// <summary>Global steps whose batches are passed over, because they made the run diverge.</summary>
    public IReadOnlyList<long> PassedOver { get; init; } = [];
}
