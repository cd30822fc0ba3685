namespace PolaFormer.Reproduction;

/// <summary>A finished run of Long Range Arena.</summary>
/// <param name="Task">Task.</param>
/// <param name="Attention">Mechanism.</param>
/// <param name="Seed">Seed of weights, order and draws.</param>
/// <param name="Steps">Training steps.</param>
/// <param name="Protocol">How it was evaluated and its weights chosen.</param>
/// <param name="Accuracy">Accuracy of the chosen weights on the rows for testing, in [0, 1].</param>
/// <param name="Seconds">Time over all starts of the run.</param>
/// <param name="Curve">Accuracy on the dev rows at each evaluation.</param>
public sealed record AccuracyCell(string Task, string Attention, int Seed, long Steps, string Protocol, double Accuracy, double Seconds, IReadOnlyList<CurvePoint> Curve)
{
    /// <summary>Keys and values over the task's recipe; empty for none.</summary>
    public string Overrides { get; init; } = "";
}
