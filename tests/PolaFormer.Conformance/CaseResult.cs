namespace PolaFormer.Conformance;

/// <summary>The outcome of a case.</summary>
/// <param name="Case">family/name.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Worst">The value that came closest to its tolerance, or went furthest beyond it.</param>
/// <param name="Ratio">Its error as a part of the tolerance.</param>
/// <param name="Reason">Why the case failed or was skipped.</param>
internal sealed record CaseResult(string Case, CaseStatus Status, string? Worst = null, double Ratio = 0, string? Reason = null);
