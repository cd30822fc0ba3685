namespace PolaFormer.Conformance;

/// <summary>How a case ended.</summary>
internal enum CaseStatus
{
    /// <summary>Every value lies within its tolerance.</summary>
    Passed,

    /// <summary>A value lies outside, or the case could not be run.</summary>
    Failed,

    /// <summary>What the case checks is not part of this program.</summary>
    Skipped,
}
