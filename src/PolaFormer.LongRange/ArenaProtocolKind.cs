namespace PolaFormer.LongRange;

/// <summary>How runs are evaluated and their weights chosen.</summary>
public enum ArenaProtocolKind
{
    /// <summary>
    /// As the Skyformer repository and, by its recipe, the paper: dev accuracy over the next few batches of an endless stream, weights saved
    /// only after a fifth of the run, the last incomplete batch of the test rows dropped, and in Text the test rows for dev rows.
    /// </summary>
    Paper,

    /// <summary>Dev rows that are never tested on, all of them at every evaluation, and all test rows.</summary>
    Honest,
}
