namespace PolaFormer.LongRange;

/// <summary>Sizes of a run and how it is evaluated.</summary>
/// <param name="BatchSize">Rows of a step.</param>
/// <param name="StepsPerEpoch">Steps between two evaluations.</param>
public sealed record ArenaProtocol(int BatchSize, int StepsPerEpoch)
{
    /// <summary>How the run is evaluated and its weights chosen.</summary>
    public ArenaProtocolKind Kind { get; init; }

    /// <summary>Batches of an evaluation under the paper's protocol.</summary>
    public int DevBatches { get; init; } = 1;

    /// <summary>Parts that a batch is cut into as torch.chunk does; each part's mean counts alike, whatever its size.</summary>
    public int Chunks { get; init; } = 1;

    /// <summary>Rows of a part; the last part may have fewer.</summary>
    public int ChunkSize => (BatchSize + Chunks - 1) / Chunks;

    /// <summary>Steps that must be done before weights are saved, of all: a fifth under the paper's protocol.</summary>
    public long SaveAfter(long steps) => Kind == ArenaProtocolKind.Paper ? (long)Math.Floor(0.2 * steps) : 0;
}
