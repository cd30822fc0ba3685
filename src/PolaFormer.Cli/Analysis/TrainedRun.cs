namespace PolaFormer.Cli.Analysis;

/// <summary>A finished run of a comparison.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Parameters">Trained parameters.</param>
/// <param name="Top1">Best accuracy on the evaluation images.</param>
/// <param name="BestEpoch">Epoch of it.</param>
/// <param name="Seconds">Time over all its starts.</param>
/// <param name="Curve">Accuracy after each epoch.</param>
internal sealed record TrainedRun(int Seed, long Parameters, double Top1, int BestEpoch, double Seconds, double[] Curve);
