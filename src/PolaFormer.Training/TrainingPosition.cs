namespace PolaFormer.Training;

/// <summary>How far a run has come.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Step">Steps of the next epoch done.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="BestTop1">Highest top-1 on the evaluation images; −1 before the first.</param>
/// <param name="BestEmaTop1">Highest top-1 of the averaged weights; −1 before the first.</param>
internal sealed record TrainingPosition(int Epoch, int Step, int StepsPerEpoch, double BestTop1 = -1, double BestEmaTop1 = -1)
{
    /// <summary>Steps of the whole run done.</summary>
    public long GlobalStep => ((long)Epoch * StepsPerEpoch) + Step;

    /// <summary>Global steps whose batches are passed over, because they made the run diverge.</summary>
    public IReadOnlyList<long> PassedOver { get; init; } = [];
}
