namespace PolaFormer.Training;

/// <summary>How far a run has come.</summary>
/// <param name="Epoch">Epochs done.</param>
/// <param name="Step">Steps of the next epoch done.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="BestTop1">Highest top-1 on the evaluation images; −1 before the first.</param>
internal sealed record TrainingPosition(int Epoch, int Step, int StepsPerEpoch, double BestTop1);
