namespace PolaFormer.Distributed;

/// <summary>One process alone.</summary>
internal sealed class SingleWorker : WorkerGroup
{
    private const string Alone = "There is one worker alone: nobody to exchange messages with.";

    public override int Rank => 0;

    public override int Size => 1;

    public override void Send(int to, ReadOnlySpan<byte> bytes) => throw new InvalidOperationException(Alone);

    public override void Receive(int from, Span<byte> bytes) => throw new InvalidOperationException(Alone);

    public override void Exchange(int to, ReadOnlySpan<byte> sent, int from, Span<byte> received) => throw new InvalidOperationException(Alone);

    public override void Abort(int exitCode) => Environment.Exit(exitCode);
}
