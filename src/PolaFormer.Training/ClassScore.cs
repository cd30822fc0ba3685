namespace PolaFormer.Training;

/// <summary>How well one class is told from the others.</summary>
/// <param name="Class">The class.</param>
/// <param name="Count">Images of it.</param>
/// <param name="Answered">Images of which it is the answer.</param>
/// <param name="Hits">Images of it of which it is the answer.</param>
public sealed record ClassScore(int Class, int Count, int Answered, int Hits)
{
    /// <summary>Share of the answers that are right; NaN where it is no answer.</summary>
    public double Precision => (double)Hits / Answered;

    /// <summary>Share of its images that are found; NaN where it has none.</summary>
    public double Recall => (double)Hits / Count;

    /// <summary>Harmonic mean of both, 2·hits / (images + answers); NaN where it has neither.</summary>
    public double F1 => 2.0 * Hits / (Count + Answered);
}
